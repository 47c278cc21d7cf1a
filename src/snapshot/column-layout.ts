import {
  EXTRA_COUNTER_NAMES,
  type ExtraCounter,
  ROW_COUNTER_NAMES,
  type RowCounter,
} from '../catalogue.js'
import type { BinLayout } from '../stats/bin-layout.js'
import { secondsOfSum } from '../stats/duration-sum.js'
import { addPackedBins } from '../stats/packed-bins.js'
import type { PackedSeries } from '../stats/packed-series.js'

/**
 * The layout of the numbers of one source's series in one array. Exporters read thousands of
 * series, and a contiguous array is much faster to read than an object per series. The numbers of
 * one measure are contiguous: first the histograms of all series, then their rows, then each
 * counter.
 *
 * A histogram consists of the cumulative rows per bucket, the last bucket being `+Inf`; the sum of
 * the durations in seconds; and the rows.
 */
export class ColumnLayout {
  readonly bins: BinLayout
  readonly bucketCount: number
  readonly histogramLength: number
  readonly length: number
  /** Whether extra metrics are enabled; their counters are last. */
  readonly hasExtras: boolean
  readonly #counters: readonly (RowCounter | ExtraCounter)[]

  constructor(bins: BinLayout, hasExtras = false) {
    this.bins = bins
    this.bucketCount = bins.bounds.length + 1
    this.histogramLength = this.bucketCount + 2
    this.hasExtras = hasExtras
    this.#counters = hasExtras ? [...ROW_COUNTER_NAMES, ...EXTRA_COUNTER_NAMES] : ROW_COUNTER_NAMES
    this.length = this.histogramLength + 1 + this.#counters.length
  }

  /**
   * The index at which the numbers of a measure begin, in the order of the series.
   *
   * @param series number of series in the array
   */
  startOf(measure: 'durations' | 'rows' | RowCounter | ExtraCounter, series: number): number {
    if (measure === 'durations') return 0
    const column = measure === 'rows' ? 0 : 1 + this.#counters.indexOf(measure)
    return series * (this.histogramLength + column)
  }

  /**
   * The numbers of the given series.
   *
   * @param bucketCounts rows per bucket of each series, not cumulative, if they are known
   */
  columnsOf(all: readonly PackedSeries[], bucketCounts?: Float64Array): Float64Array {
    const columns = new Float64Array(all.length * this.length)
    const { bucketCount, histogramLength } = this
    for (let index = 0; index < all.length; index++) {
      const series = all[index]
      const start = index * histogramLength
      if (bucketCounts === undefined) {
        addPackedBins(columns, series.bins, this.bins.bucketOfBin, start)
        for (let bucket = 1; bucket < bucketCount; bucket++) {
          columns[start + bucket] += columns[start + bucket - 1]
        }
      } else {
        let rows = 0
        for (let bucket = 0; bucket < bucketCount; bucket++) {
          rows += bucketCounts[index * bucketCount + bucket]
          columns[start + bucket] = rows
        }
      }
      columns[start + bucketCount] = secondsOfSum(series.durationSum)
      columns[start + bucketCount + 1] = series.rows
      let at = all.length * histogramLength + index
      columns[at] = series.rows
      for (const counter of ROW_COUNTER_NAMES) {
        at += all.length
        columns[at] = series[counter]
      }
      if (!this.hasExtras) continue
      for (const counter of EXTRA_COUNTER_NAMES) {
        at += all.length
        columns[at] = series.extras?.[counter] ?? 0
      }
    }
    return columns
  }

  /**
   * The numbers of series in another order.
   *
   * @param count number of series in `columns`
   * @param places per series its index in `columns`; -1 for one without rows
   */
  arrange(columns: Float64Array, count: number, places: readonly number[]): Float64Array {
    const { histogramLength, length } = this
    const total = places.length
    const arranged = new Float64Array(total * length)
    for (let index = 0; index < total; index++) {
      const place = places[index]
      if (place < 0) continue
      // For few numbers, a loop is faster than `set` with a `subarray`.
      const from = place * histogramLength
      const to = index * histogramLength
      for (let at = 0; at < histogramLength; at++) arranged[to + at] = columns[from + at]
      for (let column = histogramLength; column < length; column++) {
        arranged[column * total + index] = columns[column * count + place]
      }
    }
    return arranged
  }
}
