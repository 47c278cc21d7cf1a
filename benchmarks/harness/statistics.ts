/** The mean; NaN of no values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The middle value, or the mean of the two in the middle; NaN of no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Values over several rounds. */
export interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The median, the least and the greatest of some values. */
export function summarize(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** The difference of the greatest and the least value, as a share of the median. */
export function relativeSpread(values: readonly number[]): number {
  const { median: middle, min, max } = summarize(values)
  return (max - min) / middle
}
