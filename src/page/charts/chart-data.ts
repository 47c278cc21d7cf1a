import { HEAT_ROWS } from '../../live/heat-scale.js'
import type { TimelinePoint } from '../../live/timeline.js'

const MS_PER_SECOND = 1_000
/** Minimum milliseconds between two points for a gap in a line. */
const GAP_MS = 2_500

/** A column of a chart; null is a gap. */
export type ChartColumn = (number | null)[]

/** Columns of charts over one timeline: times in seconds since 1970, and values for each. */
export interface ChartColumns {
  /** The middle of each point. */
  readonly times: number[]
  /** The point of each time; undefined for a gap. */
  readonly points: readonly (TimelinePoint | undefined)[]
}

/** The times of a timeline, with an additional time for each gap. */
export function chartColumns(timeline: readonly TimelinePoint[]): ChartColumns {
  const times: number[] = []
  const points: (TimelinePoint | undefined)[] = []
  let endMs: number | undefined
  for (const point of timeline) {
    if (endMs !== undefined && point.fromMs - endMs > GAP_MS) {
      times.push((endMs + point.fromMs) / 2 / MS_PER_SECOND)
      points.push(undefined)
    }
    times.push((point.fromMs + point.toMs) / 2 / MS_PER_SECOND)
    points.push(point)
    endMs = point.toMs
  }
  return { times, points }
}

/** One value per point; null without a value. */
export function columnOf(
  { points }: ChartColumns,
  value: (point: TimelinePoint) => number | undefined,
): ChartColumn {
  return points.map((point) => (point && value(point)) ?? null)
}

/** Rows per second of a point. */
export function rateOf({ rows, fromMs, toMs }: TimelinePoint): number {
  return perSecond(rows, { fromMs, toMs })
}

/** Converts a number of a point to a rate per second. */
export function perSecond(
  count: number,
  { fromMs, toMs }: Pick<TimelinePoint, 'fromMs' | 'toMs'>,
): number {
  return (count * MS_PER_SECOND) / (toMs - fromMs)
}

/** The extent of a heat map. */
export interface HeatExtent {
  /** The first and the last row of the heat map with operations. */
  readonly first: number
  readonly last: number
  /** The smallest and the largest rate of a non-empty cell, in operations per second. */
  readonly min: number
  readonly max: number
}

/** The used extent of a heat map; undefined without operations. */
export function heatExtent(timeline: readonly TimelinePoint[]): HeatExtent | undefined {
  let [first, last, min, max] = [HEAT_ROWS, -1, Number.POSITIVE_INFINITY, 0]
  for (const point of timeline) {
    for (let row = 0; row < HEAT_ROWS; row++) {
      if (point.heat[row] === 0) continue
      const rate = perSecond(point.heat[row], point)
      first = Math.min(first, row)
      last = Math.max(last, row)
      min = Math.min(min, rate)
      max = Math.max(max, rate)
    }
  }
  return last < 0 ? undefined : { first, last, min, max }
}
