import { type ExtraCounts, ROW_COUNTER_NAMES, type RowCounts } from '../catalogue.js'
import { secondsOfSum } from '../stats/duration-sum.js'
import type { Exemplar } from '../stats/exemplar.js'
import { unpackBins } from '../stats/packed-bins.js'
import { NO_EXTRAS, type PackedSeries, type SeriesName } from '../stats/packed-series.js'
import { findRank, type Quantile, rankOf } from '../stats/quantile.js'
import type { ColumnLayout } from './column-layout.js'
import type { BucketExemplars } from './series-exemplars.js'

/** The rows whose durations are in one bin of the fine histogram. */
export interface DurationBin {
  /** The lower edge of the bin, in seconds. */
  readonly fromSeconds: number
  /** The upper edge, in seconds; that of the last bin is `Infinity`, which is null in JSON. */
  readonly toSeconds: number
  /** Number of rows, at least 1. */
  readonly count: number
}

/**
 * The content of a `SeriesSnapshot` as plain data. It has the counters of extra metrics if the
 * option `extraMetrics` enables any.
 */
export interface SeriesData extends SeriesName, RowCounts, Partial<ExtraCounts> {
  /** Number of rows. */
  readonly rows: number
  /** The sum of the durations, added up exactly and rounded once. */
  readonly durationSeconds: number
  /** Cumulative rows per bucket: one count per bound of the snapshot, and a last one for `+Inf`. */
  readonly bucketCounts: readonly number[]
  /** The bins that have rows, ascending. The edges of a bin are within 3.2 % of each other. */
  readonly bins: readonly DurationBin[]
  /**
   * The last row with a trace id of each bucket, in the order of the buckets. Over an interval,
   * only rows recorded in it.
   */
  readonly exemplars: readonly Exemplar[]
}

/** The stats of one series (operation × status) in a snapshot; immutable. */
export interface SeriesSnapshot extends SeriesData {
  /**
   * A quantile of the durations, from 0 to 1, within 1.6 % of the exact one.
   *
   * @returns undefined without rows
   */
  quantile(quantile: number): Quantile | undefined
  /** The content as plain data. */
  toJSON(): SeriesData
}

/** A series of a snapshot. Buckets and bins are computed at each access. */
export function makeSeriesSnapshot(
  layout: ColumnLayout,
  { operation, status }: SeriesName,
  series: PackedSeries,
  exemplars: BucketExemplars = [],
): SeriesSnapshot {
  const counts = Object.fromEntries(ROW_COUNTER_NAMES.map((counter) => [counter, series[counter]]))
  const { rows } = series
  const durationSeconds = secondsOfSum(series.durationSum)
  const extras = layout.hasExtras ? (series.extras ?? NO_EXTRAS) : {}
  const scalars = { operation, status, rows, ...(counts as RowCounts), ...extras, durationSeconds }
  const snapshot: SeriesSnapshot = {
    ...scalars,
    get bucketCounts() {
      return Object.freeze([...layout.columnsOf([series]).subarray(0, layout.bucketCount)])
    },
    get bins() {
      return Object.freeze(listBins(layout, series))
    },
    exemplars: Object.freeze(exemplars.filter((one) => one !== undefined)),
    quantile(quantile) {
      if (rows === 0) return undefined
      const { bin } = findRank(unpackBins(series.bins, layout.bins), rankOf(quantile, rows))
      return { seconds: layout.bins.secondsOf(bin), exact: false }
    },
    toJSON: () => {
      const { bucketCounts, bins, exemplars: own } = snapshot
      return { ...scalars, bucketCounts, bins, exemplars: own }
    },
  }
  return Object.freeze(snapshot)
}

function listBins({ bins: layout }: ColumnLayout, series: PackedSeries): DurationBin[] {
  return Array.from(unpackBins(series.bins, layout)).flatMap((count, bin) => {
    if (count === 0) return []
    const { [bin]: fromSeconds, [bin + 1]: toSeconds } = layout.binEdges
    return [Object.freeze({ fromSeconds, toSeconds, count })]
  })
}
