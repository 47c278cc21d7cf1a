import type { BinLayout } from '../stats/bin-layout.js'
import { IntervalGroups } from './interval-groups.js'
import { type LiveFilter, matchSeries } from './live-filter.js'
import { slotOf } from './live-history.js'
import { type LiveInterval, SeriesReader } from './live-interval.js'
import { ongoingSince } from './ongoing-since.js'
import { QUANTILES, SeriesSum } from './series-sum.js'

interface Slot {
  readonly intervals: readonly LiveInterval[]
  /** The p99 in seconds of engines that were slow; undefined without rows. */
  readonly p99s: Map<string, number | undefined>
}

/**
 * Finds the time since which engines are slow. The result depends on the intervals only, so all
 * readers show the same time. The p99 of a slot are kept, since reading intervals takes most of the
 * time.
 */
export class OutlierTimes {
  readonly #layout: BinLayout
  readonly #filter: LiveFilter
  readonly #slots = new IntervalGroups<Slot>(slotOf, (intervals) => ({
    intervals,
    p99s: new Map(),
  }))

  constructor(layout: BinLayout, filter: LiveFilter) {
    this.#layout = layout
    this.#filter = filter
  }

  /**
   * The time since which the p99 of each engine is above its limit; none for an engine that is no
   * longer slow.
   *
   * @param intervals all intervals of the history, ascending
   * @param limits seconds per engine
   * @returns milliseconds since 1970 per engine
   */
  since(
    intervals: readonly LiveInterval[],
    limits: ReadonlyMap<string, number>,
  ): ReadonlyMap<string, number> {
    const slots = this.#slots.of(intervals)
    const since = new Map<string, number>()
    for (const [source, limit] of limits) {
      const first = ongoingSince(slots, (slot) => {
        const p99 = this.#p99Of(source, slot, limits)
        return p99 === undefined ? undefined : p99 > limit
      })
      const fromMs = first === undefined ? undefined : slots[first].intervals[0]?.fromMs
      if (fromMs !== undefined) since.set(source, fromMs)
    }
    return since
  }

  /** The p99 of an engine in a slot. Those of all given engines are computed in one pass. */
  #p99Of(
    source: string,
    { intervals, p99s }: Slot,
    sources: ReadonlyMap<string, unknown>,
  ): number | undefined {
    if (p99s.has(source)) return p99s.get(source)
    const sums = new Map<string, SeriesSum>()
    for (const interval of intervals) {
      const reader = new SeriesReader(interval)
      while (reader.next()) {
        if (!sources.has(reader.source) || !matchSeries(this.#filter, reader).engines) continue
        const sum = sums.get(reader.source) ?? new SeriesSum(this.#layout)
        sums.set(reader.source, sum)
        sum.add(reader)
      }
    }
    for (const each of sources.keys()) p99s.set(each, sums.get(each)?.quantile(QUANTILES.p99))
    return p99s.get(source)
  }
}
