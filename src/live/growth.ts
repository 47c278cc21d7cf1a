import type { Counts, LiveInterval } from './live-interval.js'

/** The growth of a counter within the window. */
export interface Growth {
  readonly count: number
  /** Start of the first interval in which it grew, in milliseconds since 1970. */
  readonly sinceMs: number
}

/** The growth of each restart counter or rejection counter within a window, by its name. */
export function growthIn(
  intervals: readonly LiveInterval[],
  countsOf: (interval: LiveInterval) => Counts | undefined,
): ReadonlyMap<string, Growth> {
  const growths = new Map<string, Growth>()
  for (const interval of intervals) {
    for (const [name, count] of countsOf(interval) ?? []) {
      const known = growths.get(name)
      growths.set(name, {
        count: count + (known?.count ?? 0),
        sinceMs: known?.sinceMs ?? interval.fromMs,
      })
    }
  }
  return growths
}
