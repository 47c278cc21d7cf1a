import type { TimelinePoint } from '../../live/timeline.js'

/** One row high, below the full height so that it does not touch the line above. */
const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'] as const

/** Which character of a chart each point of a timeline belongs to. */
export interface TimeAxis {
  readonly columns: number
  /** The column of each point, from 0; below 0 for one that is left of the chart. */
  readonly places: readonly number[]
}

/**
 * The axis of a chart that has the window at its whole width and the newest point in its last
 * column. A column covers a fixed period since 1970, so that its value does not change while further
 * points come.
 */
export function timeAxis(
  timeline: readonly TimelinePoint[],
  windowMs: number,
  columns: number,
): TimeAxis {
  const longestMs = Math.max(1, ...timeline.map(({ fromMs, toMs }) => toMs - fromMs))
  // With less than a point a column, some columns would be empty for ever.
  const columnMs = Math.max(windowMs / Math.max(1, columns), longestMs)
  const keys = timeline.map(({ fromMs, toMs }) => Math.floor((fromMs + toMs) / 2 / columnMs))
  const last = keys.at(-1) ?? 0
  return { columns, places: keys.map((key) => columns - 1 - (last - key)) }
}

/** How values that fall into one column become one. */
export type Combine = 'mean' | 'max'

/** The value of each column of an axis; undefined where there is none. */
export function valuesOn(
  { columns, places }: TimeAxis,
  values: readonly (number | undefined)[],
  combine: Combine,
): (number | undefined)[] {
  const sums = new Array<number | undefined>(columns).fill(undefined)
  const counts = new Array<number>(columns).fill(0)
  for (const [index, value] of values.entries()) {
    const place = places[index]
    if (value === undefined || place === undefined || place < 0) continue
    const known = sums[place]
    if (combine === 'max') sums[place] = Math.max(known ?? 0, value)
    else sums[place] = (known ?? 0) + value
    counts[place]++
  }
  if (combine === 'max') return sums
  return sums.map((sum, place) => (sum === undefined ? undefined : sum / counts[place]))
}

/** A line of block characters; `shareOf` gives the height of a value, 0 to 1. */
export function sparkline(
  values: readonly (number | undefined)[],
  shareOf: (value: number) => number,
): string {
  return values
    .map((value) => {
      if (value === undefined) return ' '
      const share = Math.min(Math.max(shareOf(value), 0), 1)
      return BLOCKS[Math.round(share * (BLOCKS.length - 1))]
    })
    .join('')
}

/** A sparkline from 0 to the largest value. */
export function sparklineFromZero(values: readonly (number | undefined)[]): string {
  const max = Math.max(...values.map((value) => value ?? 0))
  return sparkline(values, (value) => (max > 0 ? value / max : 0))
}
