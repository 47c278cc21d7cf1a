import { ROW_COUNTER_NAMES, ROW_COUNTERS } from '../catalogue.js'
import type { BinLayout } from './bin-layout.js'
import { BoundedNames } from './bounded-names.js'
import { secondsOfSum } from './duration-sum.js'
import { roundThousandths } from './python-float.js'
import type { Quantile } from './quantile.js'
import { KNOWN_STATUSES, STATUS_ERROR } from './row.js'
import { SeriesStats } from './series-stats.js'

const P90 = 0.9
const MS_PER_SECOND = 1e3

/** The stats of one operation, by status. */
export class OperationStats {
  readonly #layout: BinLayout
  readonly #series: BoundedNames<SeriesStats>

  /**
   * @param statusesMax maximum number of distinct statuses; rows of further ones count under
   * `other`, except those of known statuses
   * @param exactRowsMax durations kept per status for exact percentiles
   * @internal
   */
  constructor(layout: BinLayout, statusesMax: number, exactRowsMax: number) {
    this.#layout = layout
    const make = () => new SeriesStats(layout, exactRowsMax)
    this.#series = new BoundedNames(statusesMax, make, KNOWN_STATUSES)
  }

  /** The series by status, in the order in which they were first seen. */
  get series(): ReadonlyMap<string, SeriesStats> {
    return this.#series.entries
  }

  /**
   * The series of a status, created if it is new; the series of `other` past the limit. @internal
   */
  seriesOf(status: string): SeriesStats {
    return this.#series.get(status)
  }

  /**
   * Add the rows of stats of the same layout. The argument may be this object.
   * @internal
   */
  addStats(other: OperationStats): void {
    for (const [status, series] of [...other.series]) this.seriesOf(status).addStats(series)
  }

  /** The series of all statuses together, as a new object. */
  total(): SeriesStats {
    const total = new SeriesStats(this.#layout, Number.POSITIVE_INFINITY)
    for (const series of this.series.values()) total.addStats(series)
    return total
  }

  /** Number of rows, over all statuses. */
  get rows(): number {
    let rows = 0
    for (const series of this.series.values()) rows += series.rows
    return rows
  }

  /** Number of rows whose status is exactly `error`. */
  get errorRows(): number {
    return this.series.get(STATUS_ERROR)?.rows ?? 0
  }

  /** Whether every single duration is known, so that quantiles are exact. */
  get isExact(): boolean {
    return [...this.series.values()].every(({ isExact }) => isExact)
  }

  /**
   * The values of the operation: `count`, `avg_ms` and `p90_ms` (milliseconds to three decimals),
   * `total_keys`, `total_bytes`, `failed_keys`, `error_count`. An empty object without rows.
   */
  reduce(): Record<string, number> {
    const total = this.total()
    const p90 = total.quantile(P90)
    if (p90 === undefined) return {}
    const averageSeconds = secondsOfSum(total.durationSum) / total.rows
    const counts = ROW_COUNTER_NAMES.map((counter) => [
      ROW_COUNTERS[counter].reduceName,
      total.counts[counter],
    ])
    return {
      count: total.rows,
      avg_ms: roundThousandths(averageSeconds * MS_PER_SECOND),
      p90_ms: roundThousandths(p90.seconds * MS_PER_SECOND),
      ...Object.fromEntries(counts),
      error_count: this.errorRows,
    }
  }

  /** The result of `reduce`, for `JSON.stringify`. */
  toJSON(): Record<string, number> {
    return this.reduce()
  }

  /** A quantile (0 to 1) of the durations over all statuses; undefined without rows. */
  quantile(quantile: number): Quantile | undefined {
    const [first, second] = this.series.values()
    // `total` copies all durations, so it is not used for one series.
    return second === undefined ? first?.quantile(quantile) : this.total().quantile(quantile)
  }
}
