import type { BinLayout } from '../stats/bin-layout.js'
import { type LiveFilter, matchSeries } from './live-filter.js'
import { type LiveInterval, SeriesReader } from './live-interval.js'
import { SeriesSum } from './series-sum.js'

/**
 * The sums over a window of intervals, by operation and by engine. When the window moves, only
 * intervals that enter or leave it are read. Counts are integers, so subtraction is exact.
 */
export class WindowSums {
  readonly #layout: BinLayout
  readonly #filter: LiveFilter
  readonly #inside = new Set<LiveInterval>()
  readonly operations = new Map<string, SeriesSum>()
  readonly sources = new Map<string, SeriesSum>()
  readonly total: SeriesSum
  /** Milliseconds that the intervals cover, gaps left out. */
  coveredMs = 0

  constructor(layout: BinLayout, filter: LiveFilter) {
    this.#layout = layout
    this.#filter = filter
    this.total = new SeriesSum(layout)
  }

  /** Set the sums to those of the given intervals. */
  moveTo(intervals: readonly LiveInterval[]): void {
    const wanted = new Set(intervals)
    for (const interval of this.#inside) if (!wanted.has(interval)) this.#apply(interval, -1)
    for (const interval of intervals) if (!this.#inside.has(interval)) this.#apply(interval, 1)
    dropEmpty(this.operations)
    dropEmpty(this.sources)
  }

  #apply(interval: LiveInterval, sign: 1 | -1): void {
    if (sign === 1) this.#inside.add(interval)
    else this.#inside.delete(interval)
    this.coveredMs += sign * (interval.toMs - interval.fromMs)
    const reader = new SeriesReader(interval)
    while (reader.next()) {
      const match = matchSeries(this.#filter, reader)
      if (match.total) this.total.add(reader, sign)
      if (match.operations) this.#sumIn(this.operations, reader.name.operation).add(reader, sign)
      if (match.engines) this.#sumIn(this.sources, reader.source).add(reader, sign)
    }
  }

  #sumIn(sums: Map<string, SeriesSum>, key: string): SeriesSum {
    const known = sums.get(key)
    if (known !== undefined) return known
    const sum = new SeriesSum(this.#layout)
    sums.set(key, sum)
    return sum
  }
}

function dropEmpty(sums: Map<string, SeriesSum>): void {
  for (const [key, { rows }] of sums) if (rows === 0) sums.delete(key)
}
