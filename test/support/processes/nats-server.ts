import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Child } from './child.js'
import { freePort } from './free-port.js'
import { type Host, localHost } from './host.js'
import { isOnPath } from './on-path.js'

const NAME = 'nats-server'
const IS_MISSING = !isOnPath(NAME)
/** The reason to skip tests; false in CI, where an absent program is a failure. */
export const NATS_SKIP =
  IS_MISSING && process.env.CI !== 'true' ? `${NAME} not found; apt-get install nats-server` : false

/**
 * Maximum seconds for authentication and the TLS handshake. The default of 2 is too short for a
 * busy machine.
 */
export const HANDSHAKE_SECONDS_MAX = 60
/** Maximum life of a server. */
const LIFE_MS_MAX = 200_000

/** Options of a server of a test. */
export interface NatsServerOptions {
  /** Lines of its configuration, in addition to those for the address and JetStream. */
  readonly config?: string
  /** Maximum bytes of JetStream's store; default no limit. */
  readonly storeBytesMax?: number
  /** The directory of the store; default a directory that is removed with the test. */
  readonly store?: string
  /** The host of the server; default this host. */
  readonly host?: Host
  /** The port; default a free one of this host. */
  readonly port?: number
}

/** A NATS server of a test with JetStream. It keeps its port and data over restarts. */
export class NatsServer {
  readonly #start: () => Child
  readonly #file: string
  /** Lines of its configuration that stay the same. */
  readonly #fixed: string
  #child: Child
  readonly url: string

  private constructor(context: TestContext, host: Host, file: string, url: string, fixed: string) {
    this.#file = file
    this.url = url
    this.#fixed = fixed
    this.#start = () => host.start(NAME, ['-c', file], { lifeMsMax: LIFE_MS_MAX })
    this.#child = this.#start()
    // Hooks run in order, so the directory is removed after the server has ended.
    context.after(async () => {
      await this.kill()
      rmSync(dirname(file), { recursive: true, force: true, maxRetries: 5 })
    })
  }

  static async start(context: TestContext, options: NatsServerOptions = {}): Promise<NatsServer> {
    assert.equal(IS_MISSING, false, 'install it, or unset CI to skip this test')
    const directory = mkdtempSync(join(tmpdir(), 'moonmeter-test-'))
    const { config = '', storeBytesMax, store = join(directory, 'store') } = options
    const { host = localHost(context), port = await freePort() } = options
    const address = `${host.address}:${port}`
    mkdirSync(store, { recursive: true })
    const limit = storeBytesMax === undefined ? '' : `, max_file_store: ${storeBytesMax}`
    const file = join(directory, 'server.conf')
    const jetstream = `jetstream { store_dir: "${store}"${limit} }`
    const fixed = `listen: "${address}"\n${jetstream}\n`
    writeFileSync(file, `${fixed}${config}\n`)
    const server = new NatsServer(context, host, file, `nats://${address}`, fixed)
    await server.#untilReady()
    return server
  }

  /** Kills the server, as a power failure would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#child.end()
  }

  /** Suspends the server: connections stay open, and nothing is answered. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  /** Resumes the server after a pause. */
  resume(): void {
    this.#child.kill('SIGCONT')
  }

  /** Starts the server again after a kill, optionally with another configuration. */
  async restart({ config }: Pick<NatsServerOptions, 'config'> = {}): Promise<void> {
    if (config !== undefined) writeFileSync(this.#file, `${this.#fixed}${config}\n`)
    this.#child = this.#start()
    await this.#untilReady()
  }

  async #untilReady(): Promise<void> {
    await this.#child.waitForStderr(/Server is ready/)
  }
}
