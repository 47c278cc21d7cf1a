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
    ratios.set(source, { ratio: p99 / medianSeconds, medianSeconds })
  }
  return ratios
}

/** Whether a p99 is that of an outlier. */
export function isOutlier(p99: number, medianSeconds: number): boolean {
  return p99 > OUTLIER_RATIO * medianSeconds && p99 > OUTLIER_SECONDS_MIN
}

/** Since when the p99 of an engine is above a limit, slot by slot from the last to the first. */
export function outlierSince(
  layout: BinLayout,
  filter: LiveFilter,
  intervals: readonly LiveInterval[],
  source: string,
  limitSeconds: number,
): number {
  let sinceMs = intervals.at(-1)?.toMs ?? 0
  let end = intervals.length
  while (end > 0) {
    let first = end - 1
    while (first > 0 && slotOf(intervals[first - 1]) === slotOf(intervals[end - 1])) first--
    const p99 = p99Of(layout, filter, intervals.slice(first, end), source)
    // A slot in which it recorded nothing does not end it.
    if (p99 !== undefined && p99 <= limitSeconds) break
    if (p99 !== undefined) sinceMs = intervals[first].fromMs
    end = first
  }
  return sinceMs
}

function p99Of(
  layout: BinLayout,
  filter: LiveFilter,
  intervals: readonly LiveInterval[],
  source: string,
): number | undefined {
  const sum = new SeriesSum(layout)
  for (const interval of intervals) {
    const reader = new SeriesReader(interval)
    while (reader.next()) {
      if (reader.source === source && matchSeries(filter, reader).engines) sum.add(reader)
    }
  }
  return sum.quantile(QUANTILES.p99)
}

/** The median of ascending numbers without the one at an index. */
function medianWithout(sorted: readonly number[], without: number): number {
  const count = sorted.length - 1
  const at = (index: number) => sorted[index < without ? index : index + 1]
  const middle = count >> 1
  return count % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2
}
