import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { countFleetRows } from '../support/engines/fleet-rows.js'
import type { Child } from '../support/processes/child.js'
import type { NetworkHost } from '../support/processes/network.js'
import { waitUntil } from '../support/processes/wait-until.js'
import { WAIT_MS_MAX } from './fault-times.js'
import { addFigures, type Figures, figuresOfEngine } from './figures.js'

const ENGINE_FILE = fileURLToPath(new URL('../support/engines/fleet-engine.js', import.meta.url))

/** An engine on a separate host, which prints the numbers of its recorded and acknowledged rows. */
export class EngineHost {
  readonly host: NetworkHost
  readonly instance: string
  readonly #args: readonly string[]
  #child: Child | undefined
  /** Per ended incarnation, the possible numbers of rows in the bucket. */
  readonly #ended: (readonly number[])[] = []

  constructor(host: NetworkHost, instance: string, servers: string, replicas: number) {
    this.host = host
    this.instance = instance
    this.#args = [ENGINE_FILE, servers, instance, String(replicas)]
  }

  /** Starts the next incarnation. */
  async start(): Promise<void> {
    this.#child = this.host.start(process.execPath, this.#args, { input: { open: true } })
    await this.untilAcknowledged(1)
  }

  /** Rows of this incarnation in acknowledged reports. */
  get acknowledged(): number {
    return this.#last('acknowledged')
  }

  async untilAcknowledged(rows: number): Promise<void> {
    const isThere = () => this.acknowledged >= rows
    await waitUntil(`${this.instance}: ${rows} rows acknowledged`, isThere, WAIT_MS_MAX)
  }

  /** Stops recording. */
  async pause(): Promise<void> {
    await this.#ask('pause', 'paused')
  }

  resume(): void {
    this.#child?.type('resume\n')
  }

  /**
   * Ends the engine as if its host died: the server is not notified, and data in transit is lost.
   * Rows since the last acknowledged report are lost, except those of a report whose
   * acknowledgement was lost.
   */
  async die(): Promise<void> {
    this.host.cut()
    this.#child?.kill('SIGKILL')
    await this.#child?.end()
    this.#ended.push([this.acknowledged, this.#last('offered')])
    this.#child = undefined
  }

  /** Ends the engine with its last report. */
  async close(): Promise<void> {
    this.#child?.type('close\n')
    const { stdout, stderr } = (await this.#child?.end()) ?? {}
    assert.match(stdout ?? '', /^closed true \d+$/m, stderr)
    this.#ended.push([this.#last('closed true')])
    this.#child = undefined
  }

  /** The possible figures of this instance while it records nothing. */
  figures(): readonly Figures[] {
    const running = this.#child === undefined ? [] : [[this.#last('paused')]]
    return [...this.#ended, ...running].reduce<readonly Figures[]>(
      (sums, alternatives) =>
        sums.flatMap((sum) =>
          [...new Set(alternatives)].map((rows) =>
            addFigures([sum, figuresOfEngine(this.instance, '0', countFleetRows(rows))]),
          ),
        ),
      [{}],
    )
  }

  async #ask(order: string, answer: string): Promise<void> {
    const count = () => this.#all(answer).length
    const before = count()
    this.#child?.type(`${order}\n`)
    await waitUntil(`${this.instance}: ${answer}`, () => count() > before, WAIT_MS_MAX)
  }

  #last(what: string): number {
    return this.#all(what).at(-1) ?? 0
  }

  #all(what: string): number[] {
    const lines = this.#child?.stdout.matchAll(new RegExp(`^${what} (\\d+)$`, 'gm')) ?? []
    return Array.from(lines, ([, rows]) => Number(rows))
  }
}
