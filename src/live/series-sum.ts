import { BINS_END, BinCursor } from '../stats/bin-cursor.js'
import type { BinLayout } from '../stats/bin-layout.js'
import { findRank, rankOf } from '../stats/quantile.js'
import type { LiveSeries } from './interval-writer.js'

/** The quantiles that are shown. */
export const QUANTILES = { p50: 0.5, p90: 0.9, p99: 0.99 } as const

/** Durations in seconds; undefined where there are no rows. */
export type Quantiles = { readonly [Name in keyof typeof QUANTILES]: number | undefined }

const cursor = new BinCursor()

/** A sum over series that supports subtraction. */
export class SeriesSum {
  readonly #layout: BinLayout
  readonly #bins: Float64Array
  rows = 0
  numKeys = 0
  numBytes = 0
  numFailedKeys = 0

  constructor(layout: BinLayout) {
    this.#layout = layout
    this.#bins = new Float64Array(layout.binCount)
  }

  /** Add a series, or subtract one that was added. */
  add(series: LiveSeries, sign: 1 | -1 = 1): void {
    this.rows += sign * series.rows
    this.numKeys += sign * series.numKeys
    this.numBytes += sign * series.numBytes
    this.numFailedKeys += sign * series.numFailedKeys
    const bins = this.#bins
    // Malformed bytes may contain bins past the end of the layout; the typed array ignores these.
    for (cursor.reset(series.bins); cursor.bin !== BINS_END; cursor.advance()) {
      bins[cursor.bin] += sign * cursor.count
    }
  }

  /** A quantile of the durations in seconds, as `SeriesSnapshot.quantile` computes it. */
  quantile(quantile: number): number | undefined {
    if (!(this.rows > 0)) return undefined
    return this.#layout.secondsOf(findRank(this.#bins, rankOf(quantile, this.rows)).bin)
  }

  quantiles(): Quantiles {
    const { p50, p90, p99 } = QUANTILES
    return { p50: this.quantile(p50), p90: this.quantile(p90), p99: this.quantile(p99) }
  }

  /** Add the rows of each bin to an array, at the index given for the bin. */
  addBinsTo(target: Float64Array, placeOfBin: Uint16Array): void {
    const bins = this.#bins
    for (let bin = 0; bin < bins.length; bin++) {
      if (bins[bin] !== 0) target[placeOfBin[bin]] += bins[bin]
    }
  }
}
