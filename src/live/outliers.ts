import type { BinLayout } from '../stats/bin-layout.js'
import { type LiveFilter, matchSeries } from './live-filter.js'
import { slotOf } from './live-history.js'
import { type LiveInterval, SeriesReader } from './live-interval.js'
import { QUANTILES, SeriesSum } from './series-sum.js'

/**
 * An engine is an outlier when its p99 exceeds this many times the median of the p99 of the other
 * engines that recorded in the window.
 */
export const OUTLIER_RATIO = 3
/** And when its p99 is above this, in seconds: differences below it do not matter to requests. */
export const OUTLIER_SECONDS_MIN = 0.01

/** Why an engine is an outlier. */
export interface Outlier {
  /** Its p99 divided by the median of those of the others. */
  readonly ratio: number
  /** The median of the p99 of the others, in seconds. */
  readonly medianSeconds: number
  /**
   * Since when its p99 of each slot was above the limit without a break, in milliseconds since 1970;
   * the begin of the window if it was so then.
   */
  readonly sinceMs: number
}

/** Per engine the p99 in seconds divided by the median of the others' p99. */
export function ratiosToOthers(
  p99BySource: ReadonlyMap<string, number>,
): ReadonlyMap<string, { readonly ratio: number; readonly medianSeconds: number }> {
  const sorted = [...p99BySource.values()].sort((left, right) => left - right)
  const ratios = new Map<string, { readonly ratio: number; readonly medianSeconds: number }>()
  if (sorted.length < 2) return ratios
  for (const [source, p99] of p99BySource) {
    const medianSeconds = medianWithout(sorted, sorted.indexOf(p99))
    // Durations below a nanosecond are counted as zero.
    const ratio = p99 === medianSeconds ? 1 : p99 / medianSeconds
    ratios.set(source, { ratio, medianSeconds })
  }
  return ratios
}

/** Whether a p99 is that of an outlier. */
export function isOutlier(p99: number, medianSeconds: number): boolean {
  return p99 > OUTLIER_RATIO * medianSeconds && p99 > OUTLIER_SECONDS_MIN
}

/**
 * Since when the p99 of each engine is above its limit, slot by slot from the last to the first. All
 * engines are looked at together, since reading the intervals takes the most time.
 *
 * @param limits seconds per engine
 * @returns milliseconds since 1970 per engine
 */
export function outliersSince(
  layout: BinLayout,
  filter: LiveFilter,
  intervals: readonly LiveInterval[],
  limits: ReadonlyMap<string, number>,
): Map<string, number> {
  const lastMs = intervals.at(-1)?.toMs ?? 0
  const sinceMs = new Map(Array.from(limits.keys(), (source) => [source, lastMs]))
  const above = new Map(limits)
  let end = intervals.length
  while (end > 0 && above.size > 0) {
    let first = end - 1
    while (first > 0 && slotOf(intervals[first - 1]) === slotOf(intervals[end - 1])) first--
    // Engines that recorded nothing in the slot are not in the result, and remain outliers.
    for (const [source, p99] of p99sOf(layout, filter, intervals.slice(first, end), above)) {
      if (p99 > (above.get(source) ?? 0)) sinceMs.set(source, intervals[first].fromMs)
      else above.delete(source)
    }
    end = first
  }
  return sinceMs
}

/** The p99 in seconds of each of these engines that recorded in the intervals. */
function p99sOf(
  layout: BinLayout,
  filter: LiveFilter,
  intervals: readonly LiveInterval[],
  sources: ReadonlyMap<string, unknown>,
): Map<string, number> {
  const sums = new Map<string, SeriesSum>()
  for (const interval of intervals) {
    const reader = new SeriesReader(interval)
    while (reader.next()) {
      const { source } = reader
      if (!sources.has(source) || !matchSeries(filter, reader).engines) continue
      const sum = sums.get(source) ?? new SeriesSum(layout)
      sums.set(source, sum)
      sum.add(reader)
    }
  }
  const p99s = new Map<string, number>()
  for (const [source, sum] of sums) {
    const p99 = sum.quantile(QUANTILES.p99)
    if (p99 !== undefined) p99s.set(source, p99)
  }
  return p99s
}

/** The median of ascending numbers without the one at an index. */
function medianWithout(sorted: readonly number[], without: number): number {
  const count = sorted.length - 1
  const at = (index: number) => sorted[index < without ? index : index + 1]
  const middle = count >> 1
  return count % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2
}
