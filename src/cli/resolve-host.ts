import { execFile } from 'node:child_process'
import { isIP } from 'node:net'
import { MoonmeterError } from '../errors.js'

const LOOKUP_MS_MAX = 5_000
/** A script that prints the address of a host, or the code of the error. */
const LOOKUP = `
  require('node:dns').lookup(process.argv[1], (error, address) => {
    process.exitCode = error ? 1 : 0
    process.stdout.write(error ? String(error.code) : address)
  })`

/** The address that a server listens on. */
export interface ListenAddress {
  readonly host: string
  /** The port; 0 chooses a free one. */
  readonly port: number
}

/**
 * Resolves the host of an address. The look-up runs in a separate process, since it cannot be
 * cancelled and `process.exit` waits for it: 15 s if a name server does not answer.
 *
 * @throws MoonmeterError `LISTEN_FAILED` for a host without an address, or no answer within 5 s
 */
export async function resolveHost({ host, port }: ListenAddress): Promise<ListenAddress> {
  if (isIP(host) !== 0) return { host, port }
  const options = { timeout: LOOKUP_MS_MAX, killSignal: 'SIGKILL' } as const
  const args = ['--eval', LOOKUP, '--', host]
  const [isFound, printed] = await new Promise<[boolean, string]>((resolve) => {
    execFile(process.execPath, args, options, (error, stdout) => resolve([error === null, stdout]))
  })
  if (isFound) return { host: printed, port }
  throw new MoonmeterError(
    'LISTEN_FAILED',
    `listen ${host}:${port}: expected a host that has an address, got ` +
      `${printed || 'no answer'}; give an address of this host, such as 127.0.0.1`,
  )
}
