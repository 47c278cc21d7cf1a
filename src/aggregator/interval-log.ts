import { ConnectorStats, type ConnectorStatsOptions } from '../stats/connector-stats.js'
import type { Engine } from './engine.js'
import { KVConnectorLogging, type LoggingOptions } from './kv-connector-logging.js'
import type { Life } from './life.js'

/** Feeds the log line with what each life counted since the last one. */
export class IntervalLog {
  readonly #options: ConnectorStatsOptions
  readonly #logging: KVConnectorLogging | undefined

  /**
   * @param options of the stats that are gathered
   * @param log takes the lines; without it nothing is gathered
   */
  constructor(options: ConnectorStatsOptions, log: LoggingOptions['log'] | undefined) {
    this.#options = options
    this.#logging = log && new KVConnectorLogging({ log })
  }

  /** Add rows that belong to no life. */
  addRows(stats: ConnectorStats): void {
    this.#logging?.observe(stats)
  }

  /** Add what a life counted since this was last called for it. */
  addLife(engine: Engine, life: Life): void {
    if (this.#logging === undefined) return
    const stats = new ConnectorStats(this.#options)
    engine.takeInterval(life, stats)
    this.#logging.observe(stats)
  }

  /** Tell of the interval, where there is something to tell. */
  flush(engines: Iterable<Engine>): void {
    for (const engine of engines) for (const life of engine.lives) this.addLife(engine, life)
    this.#logging?.log()
  }
}
