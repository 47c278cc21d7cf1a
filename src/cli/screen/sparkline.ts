import type { TimelinePoint } from '../../live/timeline.js'

/** Block characters without the full height, which would touch the line above. */
const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'] as const

/** The place of a point outside the chart. */
const NOWHERE = [0, -1] as const

/** The characters of a chart for each point of a timeline. */
export interface TimeAxis {
  readonly columns: number
  /**
   * The first and the last column of each point, from 0; negative columns are left of the chart.
   */
  readonly places: readonly (readonly [first: number, last: number])[]
}

/**
 * The axis of a chart that shows the whole window, with the newest point in the last column. Each
 * column covers a fixed period since 1970, so that further points do not change its value.
 */
export function timeAxis(
  timeline: readonly TimelinePoint[],
  windowMs: number,
  columns: number,
): TimeAxis {
  const columnMs = windowMs / Math.max(1, columns)
  const spans = timeline.map(({ fromMs, toMs }) => {
    // The columns whose middles are within the point, or the column that contains the point's
    // middle.
    const first = Math.ceil(fromMs / columnMs - 0.5)
    const last = Math.ceil(toMs / columnMs - 0.5) - 1
    const middle = Math.floor((fromMs + toMs) / 2 / columnMs)
    return first <= last ? ([first, last] as const) : ([middle, middle] as const)
  })
  const shift = columns - 1 - (spans.at(-1)?.[1] ?? 0)
  return { columns, places: spans.map(([first, last]) => [first + shift, last + shift]) }
}

/** The method that combines the values of one column. */
export type Combine = 'mean' | 'max'

/** The value of each column of an axis; undefined without a value. */
export function valuesOn(
  { columns, places }: TimeAxis,
  values: readonly (number | undefined)[],
  combine: Combine,
): (number | undefined)[] {
  const sums = new Array<number | undefined>(columns).fill(undefined)
  const counts = new Array<number>(columns).fill(0)
  for (const [index, value] of values.entries()) {
    const [first, last] = places[index] ?? NOWHERE
    if (value === undefined) continue
    for (let place = Math.max(first, 0); place <= last; place++) {
      const known = sums[place] ?? 0
      sums[place] = combine === 'max' ? Math.max(known, value) : known + value
      counts[place]++
    }
  }
  if (combine === 'max') return sums
  return sums.map((sum, place) => (sum === undefined ? undefined : sum / counts[place]))
}

/** A line of block characters; `shareOf` returns the height of a value, 0 to 1. */
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
