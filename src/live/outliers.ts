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
   * Start of the first slot since which its p99 is above the limit (`ongoingSince`), in milliseconds
   * since 1970; at the earliest the start of the history.
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
  return p99 > outlierLimit(medianSeconds)
}

/** The p99 in seconds above which an engine is an outlier. */
export function outlierLimit(medianSeconds: number): number {
  return Math.max(OUTLIER_RATIO * medianSeconds, OUTLIER_SECONDS_MIN)
}

/** The median of ascending numbers without the one at an index. */
function medianWithout(sorted: readonly number[], without: number): number {
  const count = sorted.length - 1
  const at = (index: number) => sorted[index < without ? index : index + 1]
  const middle = count >> 1
  return count % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2
}
