import { callSafely } from '../call-safely.js'
import { refuseUnknownOptions, requireType } from '../options.js'
import {
  ConnectorStats,
  type ConnectorStatsOptions,
  NAMES_MAX,
  requireStats,
} from '../stats/connector-stats.js'
import { pythonFloat } from '../stats/python-float.js'

/** Results that are floats in the reference, and print as floats even where they are integers. */
const FLOAT_RESULT = /_(avg|p90)_ms$/

/** Options of `KVConnectorLogging`. */
export interface LoggingOptions {
  /**
   * Called with each line and nothing else, so that it may be `console.log`. Where it throws, or
   * returns a promise that is rejected, the next line has the rows of this one too.
   */
  readonly log: (line: string) => void
  /**
   * Called before a line in which the p90 of some operations is within 1.6 % rather than exact, since
   * there were too many rows, with the names of these operations, ascending; default none.
   */
  readonly onApproximateP90?: ((operations: readonly string[]) => void) | undefined
  /**
   * Limits of the stats that the interval is added up in. Default: all operations and statuses that
   * the observed stats tell apart, and `exactRowsMax` of the first; the bounds are theirs too.
   */
  readonly stats?: ConnectorStatsOptions
}

/** Observed stats are limited already. */
const NO_LIMITS = { operationsMax: NAMES_MAX, statusesMax: NAMES_MAX }

/**
 * vLLM's log line of store operations: `observe` adds stats to an interval, over all engines, and
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
   * Add stats to the interval; they are left as they are.
   *
   * @throws MoonmeterError `LAYOUT_MISMATCH` when their bucket bounds are not those of the interval,
   * `INVALID_OPTION` for what is no stats
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
   * Log the interval and start the next; where nothing was observed, neither happens. The rows of a
   * line that could not be logged are in the next one, unless stats of other bucket bounds were
   * observed meanwhile.
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
  // BigInt prints integers from 1e21 on without an exponent, as Python does.
  return FLOAT_RESULT.test(name) ? pythonFloat(value) : BigInt(value).toString()
}
