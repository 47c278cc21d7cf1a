import { OTHER } from '../catalogue.js'
import { MoonmeterError } from '../errors.js'
import { resolveNumbers } from '../options.js'
import { type CellLayout, DEFAULT_LAYOUT } from './cell-layout.js'
import { compareCodePoints } from './code-points.js'
import { fitsLabel } from './label.js'
import { OperationStats } from './operation-stats.js'
import { roundThousandths } from './python-float.js'
import type { Quantile } from './quantile.js'
import { makeRow, type Row, type RowOptions } from './row.js'
import type { SeriesSnapshot } from './series-snapshot.js'
import type { SeriesStats } from './series-stats.js'

/** Default of `operationsMax`. */
export const OPERATIONS_MAX = 64
/** Default of `statusesMax`. */
export const STATUSES_MAX = 16

const LIMITS = {
  // 512 KiB of durations per operation.
  exactRowsMax: { fallback: 65_536, min: 0, max: 2 ** 24, integer: true },
  operationsMax: { fallback: OPERATIONS_MAX, min: 1, max: 65_536, integer: true },
  statusesMax: { fallback: STATUSES_MAX, min: 1, max: 65_536, integer: true },
} as const
const P90 = 0.9
const MS_PER_SECOND = 1e3

/** Options of `ConnectorStats`; each has a default. */
export interface ConnectorStatsOptions {
  /** Where durations are counted; default vLLM's buckets. */
  readonly layout?: CellLayout
  /** Durations kept per operation for exact percentiles; past them the cells answer. */
  readonly exactRowsMax?: number
  /** Operations told apart; rows of further ones count under `other`. */
  readonly operationsMax?: number
  /** Statuses told apart per operation; rows of further ones count under `other`. */
  readonly statusesMax?: number
}

/** One series of stats with the labels that tell it apart. */
export interface LabelledSeries {
  readonly operation: string
  readonly status: string
  readonly stats: SeriesStats
}

/**
 * Stats of store operations: a mergeable measure of many rows, in bounded memory, with the
 * behaviour of vLLM's `MooncakeStoreConnectorStats`.
 */
export class ConnectorStats {
  readonly layout: CellLayout
  readonly #limits: Readonly<Record<keyof typeof LIMITS, number>>
  readonly #operations = new Map<string, OperationStats>()

  /** @throws MoonmeterError `INVALID_OPTION` for an unknown option or one out of range */
  constructor(options: ConnectorStatsOptions = {}) {
    this.#limits = resolveNumbers('stats', LIMITS, options, ['layout'])
    this.layout = options.layout ?? DEFAULT_LAYOUT
  }

  /**
   * Count one call to the store.
   *
   * @throws MoonmeterError `INVALID_ROW` for a negative or non-finite number; nothing is counted
   */
  recordOperation(
    operation: string,
    durationSeconds: number,
    numKeys: number,
    options?: RowOptions,
  ): void {
    this.addRow(makeRow(operation, durationSeconds, numKeys, options))
  }

  /** Count one row that is known to be valid. */
  addRow(row: Row): void {
    const operation = this.declare(row.operation)
    operation.seriesOf(row.status).addRow(row)
    operation.durations.add(row.durationSeconds)
  }

  /**
   * Name an operation, with or without rows: stats that name one are not empty.
   * @returns its stats, those of `other` past the limit
   */
  declare(operation: string): OperationStats {
    const known = this.#operations.get(operation)
    if (known !== undefined) return known
    if (!operation.isWellFormed()) return this.declare(operation.toWellFormed())
    const { operationsMax, statusesMax, exactRowsMax } = this.#limits
    const limited = this.#operations.size >= operationsMax || !fitsLabel(operation)
    if (limited && operation !== OTHER) return this.declare(OTHER)
    const stats = new OperationStats(this.layout, statusesMax, exactRowsMax)
    this.#operations.set(operation, stats)
    return stats
  }

  /**
   * Add the rows of a snapshot taken in the same layout.
   *
   * @param durations its single durations in seconds, all of them, where they are known
   * @param since an earlier snapshot of the same series, whose rows are left out
   */
  addSnapshot(
    snapshot: SeriesSnapshot,
    durations: Float64Array | undefined,
    since?: SeriesSnapshot,
  ): void {
    const operation = this.declare(snapshot.operation)
    const series = operation.seriesOf(snapshot.status)
    series.addSnapshot(snapshot)
    if (since !== undefined) series.subtractSnapshot(since)
    operation.durations.addAll(durations)
  }

  /**
   * Add the other's rows to these; the other is left as it is.
   *
   * @returns this
   * @throws MoonmeterError `LAYOUT_MISMATCH` when the bucket bounds differ; nothing is added
   */
  aggregate(other: ConnectorStats): this {
    if (!this.layout.equals(other.layout)) {
      throw new MoonmeterError(
        'LAYOUT_MISMATCH',
        `aggregate: expected bucket bounds ${this.layout.bounds.join(' ')}, ` +
          `got ${other.layout.bounds.join(' ')}; give both sides the same layout`,
      )
    }
    for (const [name, from] of [...other.#operations]) this.declare(name).addStats(from)
    return this
  }

  /**
   * The seven figures of each operation that has rows, operations in code point order: `{op}_count`,
   * `_avg_ms` and `_p90_ms` (milliseconds to three decimals), `_total_keys`, `_total_bytes`,
   * `_failed_keys`, `_error_count`.
   *
   * The p90 is exact while the rows are at most `exactRowsMax`, and from the cells (within 1.6 %)
   * after that; `approximateOperations` tells which.
   */
  reduce(): Record<string, number> {
    const figures: [string, number][] = []
    for (const [name, operation] of this.#sorted()) {
      const total = operation.total()
      const p90 = operation.quantile(P90, total)
      if (p90 === undefined) continue
      const averageSeconds = total.durationSum.toNumber() / total.rows
      figures.push(
        [`${name}_count`, total.rows],
        [`${name}_avg_ms`, roundThousandths(averageSeconds * MS_PER_SECOND)],
        [`${name}_p90_ms`, roundThousandths(p90.seconds * MS_PER_SECOND)],
        [`${name}_total_keys`, total.numKeys],
        [`${name}_total_bytes`, total.numBytes],
        [`${name}_failed_keys`, total.numFailedKeys],
        [`${name}_error_count`, operation.errorRows],
      )
    }
    return Object.fromEntries(figures)
  }

  /** Names of the operations whose percentiles come from the cells: they had too many rows. */
  approximateOperations(): string[] {
    return this.#sorted()
      .filter(([, operation]) => !operation.durations.complete)
      .map(([name]) => name)
  }

  /**
   * A quantile (0 to 1) of an operation's durations, over all its statuses.
   *
   * @returns undefined where the operation has no rows
   */
  quantile(operation: string, quantile: number): Quantile | undefined {
    const stats = this.#operations.get(operation)
    return stats?.quantile(quantile, stats.total())
  }

  /** The stats of an operation that was named. */
  operation(name: string): OperationStats | undefined {
    return this.#operations.get(name)
  }

  /** The rows of all operations taken as one, as a new object. */
  total(): OperationStats {
    const { statusesMax, exactRowsMax } = this.#limits
    const total = new OperationStats(this.layout, statusesMax, exactRowsMax)
    for (const operation of this.#operations.values()) total.addStats(operation)
    return total
  }

  /** Forget everything. */
  reset(): void {
    this.#operations.clear()
  }

  /** Whether no operation was ever named. */
  isEmpty(): boolean {
    return this.#operations.size === 0
  }

  /** Number of rows, over all operations. */
  get rows(): number {
    let rows = 0
    for (const { series } of this.#operations.values()) {
      for (const stats of series.values()) rows += stats.rows
    }
    return rows
  }

  /** The operations that were named, in code point order. */
  operations(): string[] {
    return this.#sorted().map(([name]) => name)
  }

  /** Every series, operations in code point order, statuses in the order they were first seen. */
  *series(): Generator<LabelledSeries> {
    for (const [operation, { series }] of this.#sorted()) {
      for (const [status, stats] of series) yield { operation, status, stats }
    }
  }

  #sorted(): [string, OperationStats][] {
    return [...this.#operations].sort(([left], [right]) => compareCodePoints(left, right))
  }
}
