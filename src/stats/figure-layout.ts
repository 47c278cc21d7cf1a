/** Figures that are counters of their own: rows, keys, bytes, failed keys. */
const COUNTERS = 4

/**
 * Where the figures of an engine's series stand that an exposition shows, all in one array: a
 * scrape reads those of thousands, and memory in one piece is read much faster than objects here
 * and there. For the same reason what one family shows stands together: the histograms of all
 * series, then their rows, their keys, their bytes and their failed keys.
 *
 * A histogram has the figures that its lines show: rows per bucket, cumulative, the last bucket
 * `+Inf`; the sum of the durations in seconds; and rows.
 */
export class FigureLayout {
  /** Buckets, `+Inf` included. */
  readonly buckets: number
  /** Figures of a histogram. */
  readonly histogram: number
  /** The figures by number: those of the histogram come first, as its lines do. */
  readonly durationSum: number
  /** Rows, as the histogram's line of that name shows them. */
  readonly count: number
  /** Rows, as a counter of their own. */
  readonly rows: number
  readonly keys: number
  readonly bytes: number
  readonly failedKeys: number
  /** Figures of one series. */
  readonly length: number

  /** @param bounds number of bucket upper bounds, `+Inf` left out */
  constructor(bounds: number) {
    this.buckets = bounds + 1
    this.durationSum = this.buckets
    this.count = this.buckets + 1
    this.histogram = this.buckets + 2
    this.rows = this.histogram
    this.keys = this.histogram + 1
    this.bytes = this.histogram + 2
    this.failedKeys = this.histogram + 3
    this.length = this.histogram + COUNTERS
  }

  /** Room for the figures of some series, all zero. */
  allocate(series: number): Float64Array {
    return new Float64Array(series * this.length)
  }

  /** Index of a figure of one of the series among all `figures`, whose number tells the series'. */
  at(figures: Float64Array, series: number, figure: number): number {
    if (figure < this.histogram) return series * this.histogram + figure
    return (figures.length / this.length) * figure + series
  }
}
