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
/** Where everything was installed for the tests, what is absent is a failure. */
export const NATS_SKIP =
  IS_MISSING && process.env.CI !== 'true' ? `${NAME} not found; apt-get install nats-server` : false

/**
 * Seconds in which a client must have said who it is, and TLS must be set up: by default 2, which a
 * busy machine may miss.
 */
export const HANDSHAKE_SECONDS_MAX = 60
/** The longest time of a server. */
const LIFE_MS_MAX = 200_000

/** How a server of a test is set up. */
export interface NatsServerOptions {
  /** Lines of its configuration, beside those for the address and JetStream. */
  readonly config?: string
  /** Bytes that JetStream may store; default no limit of its own. */
  readonly storeBytesMax?: number
  /** Where it stores; default a directory that is removed with the test. */
  readonly store?: string
  /** Where it runs; default this host. */
  readonly host?: Host
  /** Default a free one of this host. */
  readonly port?: number
}

/** A NATS server of a test with JetStream; it keeps its port and data when it is started again. */
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
    // Hooks run in their order: the directory can be removed when the server has ended.
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

  /** Ends it as a power failure would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#child.end()
  }

  /** Lets it hang: connections stay, and nothing is answered. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  /** Lets it go on, after it was paused. */
  resume(): void {
    this.#child.kill('SIGCONT')
  }

  /** Starts it again, after it was killed; with other lines of configuration, where they are passed. */
  async restart({ config }: Pick<NatsServerOptions, 'config'> = {}): Promise<void> {
    if (config !== undefined) writeFileSync(this.#file, `${this.#fixed}${config}\n`)
    this.#child = this.#start()
    await this.#untilReady()
  }

  async #untilReady(): Promise<void> {
    await this.#child.waitForStderr(/Server is ready/)
  }
}
