/** The middle value, or the mean of the two in the middle; NaN of none. */
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

/** The median of values with the least and the greatest. */
export function summarize(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** How far the values lie apart, as a share of their median. */
export function relativeSpread(values: readonly number[]): number {
  const { median: middle, min, max } = summarize(values)
  return (max - min) / middle
}
