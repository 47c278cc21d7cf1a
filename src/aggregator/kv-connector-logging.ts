import { refuseUnknownOptions, requireType } from '../options.js'
import { shielded } from '../shielded.js'
import { ConnectorStats } from '../stats/connector-stats.js'
import { pythonFloat } from '../stats/python-float.js'

/** Figures that are floats in the reference, and print as such even where they are whole. */
const FLOAT_FIGURE = /_(avg|p90)_ms$/

/** What a log line does not say of itself. */
export interface LogLineDetails {
  /** Operations whose p90 is within 1.6 % rather than exact, since there were too many rows. */
  readonly approximateOperations: readonly string[]
}

/** Options of `KVConnectorLogging`. */
export interface LoggingOptions {
  /** Takes each line. */
  readonly log: (line: string, details: LogLineDetails) => void
}

/**
 * vLLM's log line of store operations: stats are observed as they come, over all engines, and
 * `log` tells of those since the last line.
 */
export class KVConnectorLogging {
  readonly #log: LoggingOptions['log']
  #stats = new ConnectorStats()

  /** @throws MoonmeterError `INVALID_OPTION` for an unknown option */
  constructor(options: LoggingOptions) {
    refuseUnknownOptions('KVConnectorLogging', options, ['log'])
    requireType('log', 'function', options.log ?? null)
    this.#log = options.log
  }

  /**
   * Add stats to the interval.
   *
   * @throws MoonmeterError `LAYOUT_MISMATCH` when their buckets are not those of the interval
   */
  observe(stats: ConnectorStats): void {
    if (stats.isEmpty()) return
    if (this.#stats.isEmpty()) this.#stats = new ConnectorStats({ layout: stats.layout })
    this.#stats.aggregate(stats)
  }

  /** Tell of the interval and start it afresh; where nothing was observed, neither. */
  log(): void {
    const figures = Object.entries(this.#stats.reduce())
    if (figures.length === 0) return
    const text = figures.map(([name, value]) => `${name}=${formatFigure(name, value)}`).join(', ')
    const approximateOperations = this.#stats.approximateOperations()
    this.#stats.reset()
    shielded('log', () => this.#log(`KV Transfer metrics: ${text}`, { approximateOperations }))
  }
}

function formatFigure(name: string, value: number): string {
  // BigInt prints integers from 1e21 on without an exponent, as Python does.
  return FLOAT_FIGURE.test(name) ? pythonFloat(value) : BigInt(value).toString()
}
