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
/** Its p99 must also exceed this many seconds: smaller differences do not affect requests. */
export const OUTLIER_SECONDS_MIN = 0.01

/** Why an engine is an outlier. */
export interface Outlier {
  /** Its p99 divided by the median of the other engines' p99. */
  readonly ratio: number
  /** The median of the other engines' p99, in seconds. */
  readonly medianSeconds: number
  /**
   * The time since which its p99 of every slot is above the limit, in milliseconds since 1970; at
   * the earliest the start of the window.
   */
  readonly sinceMs: number
}

/** Per engine, its p99 divided by the median of the other engines' p99. */
export function ratiosToOthers(
  p99BySource: ReadonlyMap<string, number>,
): ReadonlyMap<string, { readonly ratio: number; readonly medianSeconds: number }> {
  const sorted = [...p99BySource.values()].sort((left, right) => left - right)
  const ratios = new Map<string, { readonly ratio: number; readonly medianSeconds: number }>()
  if (sorted.length < 2) return ratios
  for (const [source, p99] of p99BySource) {
    const medianSeconds = medianWithout(sorted, sorted.indexOf(p99))
    // Both may be zero, since durations below a nanosecond count as zero.
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
 * The time since which the p99 of each engine is above its limit, searched slot by slot from the
 * last to the first. All engines are searched in one pass, since reading the intervals takes most
 * of the time.
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
    // Engines without rows in the slot are not in the result, and remain outliers.
    for (const [source, p99] of p99sOf(layout, filter, intervals.slice(first, end), above)) {
      if (p99 > (above.get(source) ?? 0)) sinceMs.set(source, intervals[first].fromMs)
      else above.delete(source)
    }
    end = first
  }
  return sinceMs
}

/** The p99 in seconds of each of the given engines that has rows in the intervals. */
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
