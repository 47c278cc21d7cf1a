import { parseExposition } from '../support/assertions/exposition.js'
import type { Child } from '../support/processes/child.js'
import { COMMAND_FILE, servedUrl } from '../support/processes/command.js'
import type { NetworkHost } from '../support/processes/network.js'
import { waitUntil } from '../support/processes/wait-until.js'
import { WAIT_MS_MAX } from './fault-times.js'
import { assertNoFall, type Figures, figuresOf, type NamedSample } from './figures.js'

const PORT = 9_464
/** Short, so that ended incarnations are removed during the test. */
const KEPT_ENDED_SECONDS = 3

/** `moonmeter serve` on a separate host. Its counts must not go down, also over restarts. */
export class Aggregator {
  readonly host: NetworkHost
  readonly url: string
  readonly #args: readonly string[]
  #child: Child | undefined
  #figures: Figures = {}

  constructor(host: NetworkHost, natsOptions: readonly string[]) {
    const listen = `${host.address}:${PORT}`
    this.host = host
    this.url = `http://${listen}/metrics`
    const more = ['--listen', listen, '--kept-ended', String(KEPT_ENDED_SECONDS)]
    this.#args = [COMMAND_FILE, 'serve', ...natsOptions, ...more]
  }

  /** Starts it. Its first answer must not be lower than earlier ones. */
  async start(): Promise<void> {
    this.#child = this.host.start(process.execPath, this.#args)
    await servedUrl(this.#child)
    await this.figures()
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#child?.end()
  }

  /** Its log, for the message of a failure. */
  get log(): string {
    return this.#child?.stderr ?? ''
  }

  /** Its current figures. */
  async figures(): Promise<Figures> {
    const figures = figuresOf(await this.#samples())
    assertNoFall(this.url, this.#figures, figures)
    this.#figures = figures
    return figures
  }

  /** Waits until it exposes an instance as up, or as not up. */
  async untilUp(instance: string, up: 0 | 1): Promise<void> {
    await waitUntil(
      `${instance} up ${up}`,
      async () => {
        const found = (await this.#samples()).filter(
          ({ name, labels }) => name === 'moonmeter_engine_up' && labels.instance === instance,
        )
        return found.length > 0 && found.every(({ value }) => value === up)
      },
      WAIT_MS_MAX,
    )
  }

  async #samples(): Promise<readonly NamedSample[]> {
    return parseExposition(await this.host.get(this.url))
  }
}
