import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import { resolveNumbers } from '../options.js'
import { BinLayout } from './bin-layout.js'
import { BoundedNames } from './bounded-names.js'
import { OperationStats } from './operation-stats.js'
import type { PackedSeries } from './packed-series.js'
import type { Quantile } from './quantile.js'
import { makeRow, type Row, type RowOptions } from './row.js'
import type { SeriesStats } from './series-stats.js'
import { showBounds } from './show-bounds.js'

export const OPERATIONS_MAX = 64
export const STATUSES_MAX = 16
/**
 * Distinct operations in sums over engines: the log line, stats of all engines, and series that are
 * not per engine. All engines together may have more operations than one engine, since each has its
 * own limit.
 */
export const SUM_OPERATIONS_MAX = 1_024
/** Largest limit on operations, and on statuses. */
export const NAMES_MAX = 65_536

const LIMITS = {
  // 512 KiB of durations per series.
  exactRowsMax: { fallback: 65_536, min: 0, max: 2 ** 24, integer: true },
  operationsMax: { fallback: OPERATIONS_MAX, min: 1, max: NAMES_MAX, integer: true },
  statusesMax: { fallback: STATUSES_MAX, min: 1, max: NAMES_MAX, integer: true },
} as const

/** Options of `MooncakeStoreConnectorStats`; each has a default. */
export interface ConnectorStatsOptions {
  /**
   * Bucket upper bounds in seconds: at most 1,024 finite numbers, each larger than the one before;
   * `Infinity` may follow. Default vLLM's.
   */
  readonly bounds?: readonly number[]
  /**
   * Maximum number of durations kept per series for exact percentiles. Beyond it, percentiles come
   * from the bins. Default 65,536.
   */
  readonly exactRowsMax?: number
  /**
   * Maximum number of distinct operations; rows of further ones count under `other`. Default 64.
   */
  readonly operationsMax?: number
  /**
   * Maximum number of distinct statuses per operation. Rows of further ones count under `other`,
   * except those of `ok`, `partial_failure` and `error`. Default 16.
   */
  readonly statusesMax?: number
}

/** One series of stats with its name. */
export interface LabelledSeries {
  /** Name of the operation. */
  readonly operation: string
  /** `ok`, `partial_failure`, `error`, or another word. */
  readonly status: string
  /** The stats of the series: a live object, which later rows change. */
  readonly stats: SeriesStats
}

/**
 * Check that an argument is `ConnectorStats`.
 *
 * @param what name of the argument, for the message
 * @throws MoonmeterError `INVALID_OPTION` when it is not
 */
export let requireStats: (what: string, given: unknown) => ConnectorStats

/**
 * Stats of store operations: a mergeable measure of many rows, in bounded memory, with the
 * behaviour of vLLM's `MooncakeStoreConnectorStats`.
 */
export class ConnectorStats {
  static {
    requireStats = (what, given) => {
      // `instanceof` accepts any object with the prototype; only real instances have the private
      // fields.
      if (typeof given === 'object' && given !== null && #operations in given) return given
      throw new MoonmeterError(
        'INVALID_OPTION',
        `${what}: expected MooncakeStoreConnectorStats, got ${describe(given)}; ` +
          'make them with fromPayload or fromRows',
      )
    }
  }

  /** @internal */
  readonly layout: BinLayout
  /** @internal */
  readonly limits: Readonly<Required<Omit<ConnectorStatsOptions, 'bounds'>>>
  readonly #operations: BoundedNames<OperationStats>

  /**
   * @throws MoonmeterError `INVALID_OPTION` for an unknown option, one out of range, or bounds that
   * are not finite and ascending
   */
  constructor(options: ConnectorStatsOptions = {}) {
    this.limits = resolveNumbers('stats', LIMITS, options, ['bounds'])
    this.layout = BinLayout.of(options.bounds)
    this.#operations = new BoundedNames(this.limits.operationsMax, () => this.#newOperation())
  }

  /** Bucket upper bounds in seconds, ascending, `+Inf` left out. */
  get bounds(): readonly number[] {
    return this.layout.bounds
  }

  /**
   * Count one call to the store.
   *
   * @param durationSeconds from 0 to 2^64
   * @param numKeys from 0 to 2^64; fractions are cut off, here and in the other counters
   * @throws MoonmeterError `INVALID_ROW` for a negative or non-finite number or one out of range;
   * nothing is counted
   */
  recordOperation(
    operation: string,
    durationSeconds: number,
    numKeys: number,
    options?: RowOptions,
  ): void {
    this.addRow(makeRow(operation, durationSeconds, numKeys, options))
  }

  /** Count one row that is known to be valid. @internal */
  addRow(row: Row): void {
    this.declare(row.operation).seriesOf(row.status).addRow(row)
  }

  /**
   * Add an operation without rows, so that the stats are not empty.
   *
   * @returns the stats of the operation, or those of `other` past the limit
   * @internal
   */
  declare(operation: string): OperationStats {
    return this.#operations.get(operation)
  }

  /**
   * Add the rows of a packed series of the same layout.
   *
   * @param durations all single durations of the series in seconds, if they are known
   * @internal
   */
  addPacked(series: PackedSeries, durations?: readonly Float64Array[]): void {
    this.declare(series.operation).seriesOf(series.status).addPacked(series, durations)
  }

  /**
   * Add the rows of other stats to these. The other stats do not change.
   *
   * @returns this
   * @throws MoonmeterError `LAYOUT_MISMATCH` when the bucket bounds differ, `INVALID_OPTION` when
   * `other` is not stats; nothing is added
   */
  aggregate(other: ConnectorStats): this {
    requireStats('aggregate', other).assertBounds(this.layout)
    for (const [name, from] of [...other.#operations.entries]) this.declare(name).addStats(from)
    return this
  }

  /**
   * Check that these stats can be added to stats of another layout.
   *
   * @param layout the layout of the other stats
   * @throws MoonmeterError `LAYOUT_MISMATCH` when the bucket bounds differ
   * @internal
   */
  assertBounds(layout: BinLayout): void {
    if (this.layout.equals(layout)) return
    throw new MoonmeterError(
      'LAYOUT_MISMATCH',
      `stats: expected bucket bounds ${showBounds(layout.bounds, this.bounds)}, ` +
        `got ${showBounds(this.bounds, layout.bounds)}; give both sides the same bounds`,
    )
  }

  /**
   * The values of each operation with rows, in code point order of the operations: `{op}_count`,
   * `_avg_ms` and `_p90_ms` (milliseconds to three decimals), `_total_keys`, `_total_bytes`,
   * `_failed_keys`, `_error_count`.
   *
   * The p90 is exact while no series has more than `exactRowsMax` rows. After that it comes from
   * the bins (within 1.6 %); `approximateOperations` lists these operations.
   */
  reduce(): Record<string, number> {
    const results = this.#sorted().flatMap(([name, operation]) => {
      return Object.entries(operation.reduce()).map(([suffix, value]) => [
        `${name}_${suffix}`,
        value,
      ])
    })
    return Object.fromEntries(results)
  }

  /** The result of `reduce`, for `JSON.stringify`. */
  toJSON(): Record<string, number> {
    return this.reduce()
  }

  /**
   * Names of the operations whose percentiles come from the bins, because not every duration is
   * known.
   */
  approximateOperations(): string[] {
    return this.#sorted()
      .filter(([, operation]) => !operation.isExact)
      .map(([name]) => name)
  }

  /**
   * A quantile (0 to 1) of an operation's durations, over all its statuses.
   *
   * @returns undefined if the operation has no rows
   */
  quantile(operation: string, quantile: number): Quantile | undefined {
    return this.operation(operation)?.quantile(quantile)
  }

  /** The stats of an operation; undefined if it was never recorded or declared. */
  operation(name: string): OperationStats | undefined {
    return this.#operations.entries.get(name)
  }

  /** The stats of all operations together, as a new object. */
  total(): OperationStats {
    const total = this.#newOperation()
    for (const operation of this.#operations.entries.values()) total.addStats(operation)
    return total
  }

  /** Remove all rows and operations. */
  reset(): void {
    this.#operations.clear()
  }

  /** Whether no operation was recorded or declared. */
  isEmpty(): boolean {
    return this.#operations.entries.size === 0
  }

  /** Number of rows, over all operations. */
  get rows(): number {
    let rows = 0
    for (const operation of this.#operations.entries.values()) rows += operation.rows
    return rows
  }

  /** The names of the operations, in code point order. */
  operations(): string[] {
    return this.#sorted().map(([name]) => name)
  }

  /** Every series, operations in code point order, statuses in the order they were first seen. */
  *series(): Generator<LabelledSeries> {
    for (const [operation, { series }] of this.#sorted()) {
      for (const [status, stats] of series) yield { operation, status, stats }
    }
  }

  #newOperation(): OperationStats {
    const { statusesMax, exactRowsMax } = this.limits
    return new OperationStats(this.layout, statusesMax, exactRowsMax)
  }

  /** Python sorts names by code point, which is the order of their UTF-8, not of their UTF-16. */
  #sorted(): [string, OperationStats][] {
    return [...this.#operations.entries].sort(([left], [right]) =>
      Buffer.compare(Buffer.from(left), Buffer.from(right)),
    )
  }
}
