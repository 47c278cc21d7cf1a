import { callSafely } from '../call-safely.js'
import { refuseUnknownOptions, requireType } from '../options.js'
import {
  ConnectorStats,
  type ConnectorStatsOptions,
  NAMES_MAX,
  requireStats,
} from '../stats/connector-stats.js'
import { pythonFloat } from '../stats/python-float.js'

/** Values that are floats in vLLM, and are printed as floats even if they are integers. */
const FLOAT_RESULT = /_(avg|p90)_ms$/

/** Options of `KVConnectorLogging`. */
export interface LoggingOptions {
  /**
   * Called with each line as the only argument, so that it may be `console.log`. If it throws or
   * its promise is rejected, the next line includes the rows of this one.
   */
  readonly log: (line: string) => void
  /**
   * Called before a line with approximate p90s (within 1.6 %, because of too many rows), with the
   * names of these operations, ascending. Default none.
   */
  readonly onApproximateP90?: ((operations: readonly string[]) => void) | undefined
  /**
   * Limits of the stats of an interval. Default: no limits on operations and statuses, and the
   * `exactRowsMax` and `bounds` of the first observed stats.
   */
  readonly stats?: ConnectorStatsOptions
}

/** Observed stats are already limited. */
const NO_LIMITS = { operationsMax: NAMES_MAX, statusesMax: NAMES_MAX }

/**
 * vLLM's log line of store operations: `observe` adds the stats of any engine to an interval, and
 * `log` writes a line about the interval and starts the next.
 */
export class KVConnectorLogging {
  readonly #log: LoggingOptions['log']
  readonly #onApproximateP90: LoggingOptions['onApproximateP90']
  readonly #limits: ConnectorStatsOptions
  #stats: ConnectorStats

  /** @throws MoonmeterError `INVALID_OPTION` for an unknown option or one out of range */
  constructor(options: LoggingOptions) {
    refuseUnknownOptions('KVConnectorLogging', options, ['log', 'onApproximateP90', 'stats'])
    requireType('log', 'function', options.log ?? null)
    requireType('onApproximateP90', 'function', options.onApproximateP90)
    this.#log = options.log
    this.#onApproximateP90 = options.onApproximateP90
    this.#limits = { ...NO_LIMITS, ...options.stats }
    this.#stats = new ConnectorStats(this.#limits)
  }

  /**
   * Add stats to the interval. The argument does not change.
   *
   * @throws MoonmeterError `LAYOUT_MISMATCH` when their bucket bounds are not those of the
   * interval, `INVALID_OPTION` for an argument that is not stats
   */
  observe(stats: ConnectorStats): void {
    if (requireStats('observe', stats).isEmpty()) return
    if (this.#stats.isEmpty()) {
      const { exactRowsMax } = stats.limits
      this.#stats = new ConnectorStats({ exactRowsMax, ...this.#limits, bounds: stats.bounds })
    }
    this.#stats.aggregate(stats)
  }

  /**
   * Log the interval and start the next, if anything was observed. The rows of a line that could
   * not be logged are in the next one, unless stats with other bucket bounds were observed
   * meanwhile.
   */
  log(): void {
    const interval = this.#stats
    const results = Object.entries(interval.reduce())
    if (results.length === 0) return
    const text = results.map(([name, value]) => `${name}=${formatResult(name, value)}`).join(', ')
    const approximate = interval.approximateOperations()
    this.#stats = new ConnectorStats(this.#limits)
    if (approximate.length > 0) {
      callSafely('onApproximateP90', () => this.#onApproximateP90?.(approximate))
    }
    callSafely(
      'log',
      () => this.#log(`KV Transfer metrics: ${text}`),
      () => this.#giveBack(interval),
    )
  }

  #giveBack(interval: ConnectorStats): void {
    const later = this.#stats
    if (!later.isEmpty() && !later.layout.equals(interval.layout)) return
    this.#stats = interval.aggregate(later)
  }
}

function formatResult(name: string, value: number): string {
  // BigInt prints integers from 1e21 without an exponent, as Python does.
  return FLOAT_RESULT.test(name) ? pythonFloat(value) : BigInt(value).toString()
}
