import { OTHER } from '../catalogue.js'
import type { CellLayout } from './cell-layout.js'
import { DurationLog } from './duration-log.js'
import { fitsLabel } from './label.js'
import { findRank, type Quantile, rankOf, selectRank } from './quantile.js'
import { STATUS_ERROR } from './row.js'
import { SeriesStats } from './series-stats.js'

/** The stats of one operation, by status. */
export class OperationStats {
  readonly #layout: CellLayout
  readonly #statusesMax: number
  readonly #series = new Map<string, SeriesStats>()
  /** The single durations over all statuses, while they are few. */
  readonly durations: DurationLog

  /** @param statusesMax statuses told apart; rows of further ones count under `other`. */
  constructor(layout: CellLayout, statusesMax: number, exactRowsMax: number) {
    this.#layout = layout
    this.#statusesMax = statusesMax
    this.durations = new DurationLog(exactRowsMax)
  }

  /** The series by status, in the order in which they were first seen. */
  get series(): ReadonlyMap<string, SeriesStats> {
    return this.#series
  }

  /** The series of a status, made where it is new; past the limit that of `other`. */
  seriesOf(status: string): SeriesStats {
    const known = this.#series.get(status)
    if (known !== undefined) return known
    // Halves of surrogate pairs all look alike once they are text.
    if (!status.isWellFormed()) return this.seriesOf(status.toWellFormed())
    const limited = this.#series.size >= this.#statusesMax || !fitsLabel(status)
    if (limited && status !== OTHER) return this.seriesOf(OTHER)
    const series = new SeriesStats(this.#layout)
    this.#series.set(status, series)
    return series
  }

  /** Add the rows of another operation's stats of the same layout, or of these themselves. */
  addStats(other: OperationStats): void {
    for (const [status, series] of [...other.series]) this.seriesOf(status).addStats(series)
    this.durations.addAll(other.durations.values())
  }

  /** The series of all statuses together, as a new object. */
  total(): SeriesStats {
    const total = new SeriesStats(this.#layout)
    for (const series of this.#series.values()) total.addStats(series)
    return total
  }

  /** Number of rows whose status is exactly `error`. */
  get errorRows(): number {
    return this.#series.get(STATUS_ERROR)?.rows ?? 0
  }

  /** The quantile over the rows of `total`, or undefined where there are none. */
  quantile(quantile: number, total: SeriesStats): Quantile | undefined {
    if (total.rows === 0) return undefined
    const rank = rankOf(quantile, total.rows)
    const durations = this.durations.values()
    if (durations !== undefined && durations.length === total.rows) {
      return { seconds: selectRank(durations, total.cells, this.#layout, rank), exact: true }
    }
    const { slot } = findRank(total.cells, rank)
    return { seconds: this.#layout.secondsOf(slot), exact: false }
  }
}
