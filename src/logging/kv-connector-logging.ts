import { callSafely } from '../call-safely.js'
import { refuseUnknownOptions, requireType } from '../options.js'
import { ConnectorStats, type ConnectorStatsOptions } from '../stats/connector-stats.js'
import { pythonFloat } from '../stats/python-float.js'

/** Results that are floats in the reference, and print as floats even where they are integers. */
const FLOAT_RESULT = /_(avg|p90)_ms$/

/** What a log line does not contain. */
export interface LogLineDetails {
  /** Operations whose p90 is within 1.6 % rather than exact, since there were too many rows. */
  readonly approximateOperations: readonly string[]
}

/** Options of `KVConnectorLogging`. */
export interface LoggingOptions {
  /** Called with each line. */
  readonly log: (line: string, details: LogLineDetails) => void
  /**
   * Limits of the stats that the interval is added up in; the bounds are those of the stats that
   * are observed.
   */
  readonly stats?: ConnectorStatsOptions
}

/**
 * vLLM's log line of store operations: `observe` adds stats to an interval, over all engines, and
 * `log` writes a line about the interval and starts the next.
 */
export class KVConnectorLogging {
  readonly #log: LoggingOptions['log']
  readonly #limits: ConnectorStatsOptions
  #stats: ConnectorStats

  /** @throws MoonmeterError `INVALID_OPTION` for an unknown option or one out of range */
  constructor(options: LoggingOptions) {
    refuseUnknownOptions('KVConnectorLogging', options, ['log', 'stats'])
    requireType('log', 'function', options.log ?? null)
    this.#log = options.log
    this.#limits = options.stats ?? {}
    this.#stats = new ConnectorStats(this.#limits)
  }

  /**
   * Add stats to the interval; they are left as they are.
   *
   * @throws MoonmeterError `LAYOUT_MISMATCH` when their bucket bounds are not those of the interval
   */
  observe(stats: ConnectorStats): void {
    if (stats.isEmpty()) return
    if (this.#stats.isEmpty()) {
      this.#stats = new ConnectorStats({ ...this.#limits, bounds: stats.bounds })
    }
    this.#stats.aggregate(stats)
  }

  /** Log the interval and start the next; where nothing was observed, neither happens. */
  log(): void {
    const results = Object.entries(this.#stats.reduce())
    if (results.length === 0) return
    const text = results.map(([name, value]) => `${name}=${formatResult(name, value)}`).join(', ')
    const approximateOperations = this.#stats.approximateOperations()
    this.#stats.reset()
    callSafely('log', () => this.#log(`KV Transfer metrics: ${text}`, { approximateOperations }))
  }
}

function formatResult(name: string, value: number): string {
  // BigInt prints integers from 1e21 on without an exponent, as Python does.
  return FLOAT_RESULT.test(name) ? pythonFloat(value) : BigInt(value).toString()
}
