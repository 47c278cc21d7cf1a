import type { ExtraCounts, RowCounts } from '../catalogue.js'
import { BINS_MAX, type BinLayout } from './bin-layout.js'
import { DurationLog } from './duration-log.js'
import { durationSumOf, secondsOfSum } from './duration-sum.js'
import { addPackedBins, packBins } from './packed-bins.js'
import {
  addCounts,
  addExtras,
  type MutableCounts,
  NO_EXTRAS,
  newSeries,
  type PackedSeries,
  type SeriesName,
  zeroCounts,
} from './packed-series.js'
import { findRank, type Quantile, rankOf, selectRank } from './quantile.js'
import type { Row } from './row.js'

/**
 * A series of up to this many rows has no bins, since a payload may have a thousand series of few
 * rows.
 */
const SPARSE_ROWS_MAX = 32
/** Holds the bins of a series without its own; shared, used synchronously. */
const scratch = new Float64Array(BINS_MAX)

/** The stats of one series (operation × status). They only grow, and merge in any order. */
export class SeriesStats {
  /** @internal */
  readonly layout: BinLayout
  /** The single durations, while they are few. @internal */
  readonly durations: DurationLog
  readonly #counts: MutableCounts = zeroCounts()
  #extras: ExtraCounts | undefined
  readonly #sparseRowsMax: number
  /** Rows per bin; undefined while there are few rows and all durations are known. */
  #bins: Float64Array | undefined
  /** Number of rows. */
  rows = 0
  /** @internal */
  durationSum = 0n

  /** @param exactRowsMax durations kept for exact percentiles @internal */
  constructor(layout: BinLayout, exactRowsMax: number) {
    this.layout = layout
    this.#sparseRowsMax = Math.min(SPARSE_ROWS_MAX, exactRowsMax)
    this.durations = new DurationLog(exactRowsMax)
  }

  /** Whether every single duration is known, so that quantiles are exact. */
  get isExact(): boolean {
    return this.durations.values()?.length === this.rows
  }

  /** The sum of each counter over the rows. */
  get counts(): RowCounts {
    return this.#counts
  }

  /** The sum of each counter of `extraMetrics` over the rows; 0 if they are not enabled. */
  get extraCounts(): ExtraCounts {
    return this.#extras ?? NO_EXTRAS
  }

  /** The sum of the durations in seconds, added up exactly and rounded once. */
  get durationSeconds(): number {
    return secondsOfSum(this.durationSum)
  }

  /** The numbers of these stats, for `JSON.stringify`. */
  toJSON(): RowCounts & { readonly rows: number; readonly durationSeconds: number } {
    const { rows, counts, durationSeconds } = this
    return { rows, ...counts, durationSeconds }
  }

  /** Count one row. @internal */
  addRow(row: Row): void {
    const bins = this.#binsFor(1)
    if (bins !== undefined) bins[this.layout.binOf(row.durationSeconds)]++
    this.durationSum += durationSumOf(row.durationSeconds)
    this.durations.add(row.durationSeconds)
    this.rows++
    addCounts(this.#counts, row)
  }

  /** Add the rows of another series of the same layout. @internal */
  addStats(other: SeriesStats): void {
    const bins = this.#binsFor(other.#bins === undefined ? other.rows : Number.POSITIVE_INFINITY)
    if (bins !== undefined) {
      const more = other.bins
      for (let bin = 0; bin < bins.length; bin++) bins[bin] += more[bin]
    }
    this.durationSum += other.durationSum
    this.durations.addAll(other.durations.values())
    this.rows += other.rows
    addCounts(this.#counts, other.counts)
    this.#extras = addExtras(this.#extras, other.#extras)
  }

  /**
   * Add the rows of a packed series of the same layout.
   *
   * @param durations all single durations of the series in seconds, if they are known
   * @internal
   */
  addPacked(series: PackedSeries, durations: readonly Float64Array[] = []): void {
    const known = durations.reduce((rows, { length }) => rows + length, 0)
    const bins = this.#binsFor(known === series.rows ? known : Number.POSITIVE_INFINITY)
    if (bins !== undefined) addPackedBins(bins, series.bins, this.layout.ownBin)
    this.durationSum += series.durationSum
    for (const some of durations) this.durations.addAll(some)
    this.rows += series.rows
    addCounts(this.#counts, series)
    this.#extras = addExtras(this.#extras, series.extras)
  }

  /**
   * A quantile (0 to 1) of the durations; undefined without rows. It is exact while all durations
   * are known, and comes from the bins (within 1.6 %) after that.
   */
  quantile(quantile: number): Quantile | undefined {
    if (this.rows === 0) return undefined
    const rank = rankOf(quantile, this.rows)
    const durations = this.durations.values()
    if (durations?.length === this.rows) {
      return { seconds: selectRank(durations, this.bins, this.layout, rank), exact: true }
    }
    const { bin } = findRank(this.bins, rank)
    return { seconds: this.layout.secondsOf(bin), exact: false }
  }

  /**
   * One duration per row, in seconds, in no particular order: the recorded durations while all are
   * known, and the middles of their bins after that.
   * @internal
   */
  listDurations(): Float64Array {
    const known = this.durations.values()
    if (known?.length === this.rows) return known
    const durations = new Float64Array(this.rows)
    let at = 0
    for (const [bin, count] of this.bins.entries()) {
      durations.fill(this.layout.secondsOf(bin), at, at + count)
      at += count
    }
    return durations
  }

  /** A copy of these stats, under a name. @internal */
  pack(name: SeriesName): PackedSeries {
    const { counts, rows, durationSum } = this
    const bins = packBins(this.bins)
    return { ...newSeries(name), ...counts, rows, durationSum, bins, extras: this.#extras }
  }

  /** Rows per bin of the layout; valid until the bins of another series are read. @internal */
  get bins(): Float64Array {
    if (this.#bins !== undefined) return this.#bins
    return this.#countDurations(scratch.subarray(0, this.layout.binCount).fill(0))
  }

  /**
   * The bins to count further rows in; undefined if the series has few enough rows without them.
   */
  #binsFor(more: number): Float64Array | undefined {
    if (this.#bins === undefined && this.rows + more > this.#sparseRowsMax) {
      this.#bins = this.#countDurations(new Float64Array(this.layout.binCount))
    }
    return this.#bins
  }

  #countDurations(bins: Float64Array): Float64Array {
    for (const duration of this.durations.values() ?? []) bins[this.layout.binOf(duration)]++
    return bins
  }
}
