import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OperationCounts } from '../support/engines/fleet-rows.js'
import type { Child } from '../support/processes/child.js'
import { COMMAND_FILE, servedUrl } from '../support/processes/command.js'
import type { NetworkHost } from '../support/processes/network.js'
import { addFigures, type Figures, figuresOfEngine } from './figures.js'

const ENGINES = 2

/** The part of the result of `--json` that is read here. */
interface Result {
  readonly engines: Readonly<
    Record<string, { readonly operations: Readonly<Record<string, OperationCounts>> }>
  >
}

/** `moonmeter simulate` on a separate host, which checks its counts when it ends. */
export class SimulationHost {
  readonly host: NetworkHost
  readonly instance: string
  readonly #args: readonly string[]
  readonly #json: string
  #child: Child | undefined
  #figures: Figures = {}

  constructor(
    host: NetworkHost,
    instance: string,
    natsOptions: readonly string[],
    directory: string,
  ) {
    this.host = host
    this.instance = instance
    this.#json = join(directory, `${instance}.json`)
    this.#args = [
      ...[COMMAND_FILE, 'simulate', ...natsOptions, '--instance', instance],
      ...['--engines', String(ENGINES), '--threads', '1', '--duration', '0'],
      ...['--listen', '127.0.0.1:0', '--json', this.#json],
    ]
  }

  async start(): Promise<void> {
    this.#child = this.host.start(process.execPath, this.#args)
    await servedUrl(this.#child)
  }

  /**
   * Ends it by a signal. The server must acknowledge its last reports, since its result is
   * compared.
   */
  async stop(): Promise<void> {
    this.#child?.kill('SIGINT')
    const { code, stderr } = (await this.#child?.end()) ?? {}
    assert.equal(code, 0, stderr)
    assert.doesNotMatch(stderr ?? '', / error | not acknowledged/)
    const { engines } = JSON.parse(readFileSync(this.#json, 'utf8')) as Result
    const own = Object.entries(engines).map(([engine, { operations }]) =>
      figuresOfEngine(this.instance, engine, Object.entries(operations)),
    )
    assert.equal(own.length, ENGINES, stderr)
    this.#figures = addFigures([this.#figures, ...own])
  }

  /** The figures of all ended runs. */
  figures(): Figures {
    return this.#figures
  }
}
