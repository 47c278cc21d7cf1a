import { heatRowSeconds } from '../../live/heat-scale.js'
import { WINDOWS_MS } from '../../live/live-filter.js'
import type { LiveView } from '../../live/live-view.js'
import { withUnit } from './figures.js'
import { LATENCY_LABEL_COLUMNS } from './headline.js'
import { timeAxis } from './sparkline.js'
import type { Style } from './style.js'
import { cutTo, fitTo } from './text.js'
import { DURATION_UNITS } from '../units.js'

/** Characters from no operations to the maximum of a cell. */
const SHADES = [' ', '░', '▒', '▓', '█'] as const
/** Number of lines of the title and the axis. */
const OTHER_LINES = 2
const ROWS_MAX = 10
const MS_PER_MINUTE = 60_000
const GAP = 2

/** Minimum number of lines of a heat map. */
export const HEAT_LINES_MIN = 6 + OTHER_LINES

/**
 * A heat map of latency over time with a logarithmic axis, aligned with the time axis of the
 * quantiles above it. The shade of a cell is proportional to the square root of its operations.
 *
 * @param lines maximum number of lines
 */
export function heatLines(view: LiveView, width: number, lines: number, style: Style): string[] {
  const { timeline, filter } = view
  const columns = Math.max(1, width - LATENCY_LABEL_COLUMNS)
  const axis = timeAxis(timeline, WINDOWS_MS[filter.window], columns)
  const used = usedRows(view)
  if (used === undefined) return []
  const rows = Math.min(lines - OTHER_LINES, ROWS_MAX, used.end - used.first)
  const edges = Array.from(
    { length: rows + 1 },
    (_, row) => used.first + Math.round(((used.end - used.first) * row) / rows),
  )
  const cells = edges.slice(1).map((end, row) => {
    const counts = new Array<number>(columns).fill(0)
    for (const [index, { heat }] of timeline.entries()) {
      const [first, last] = axis.places[index] ?? [0, -1]
      let sum = 0
      for (let from = edges[row]; from < end; from++) sum += heat[from]
      for (let place = Math.max(first, 0); place <= last; place++) counts[place] += sum
    }
    return counts
  })
  let max = 0
  for (const counts of cells) for (const count of counts) max = Math.max(max, count)
  const body = cells.map((counts, row) => {
    const label = `from ${withUnit(heatRowSeconds(edges[row]), DURATION_UNITS)}`
    const shades = counts.map((count) => shadeOf(count, max)).join('')
    const fitted = fitTo(label, LATENCY_LABEL_COLUMNS - GAP, 'right')
    return `${style.faint(fitted)}  ${style.accent(shades)}`
  })
  const minutes = `${WINDOWS_MS[filter.window] / MS_PER_MINUTE} min ago`
  const below = `${minutes}${fitTo('now', Math.max(0, columns - minutes.length), 'right')}`
  const title = 'operations by latency, few ░▒▓█ many in a cell'
  return [
    style.faint(cutTo(title, width)),
    // The slowest row is on top, as in a chart.
    ...body.reverse(),
    style.faint(cutTo(`${' '.repeat(LATENCY_LABEL_COLUMNS)}${below}`, width)),
  ]
}

/** The rows of the heat map that have operations in the window. */
function usedRows({ timeline }: LiveView) {
  let first = Number.POSITIVE_INFINITY
  let end = 0
  for (const { heat } of timeline) {
    for (const [row, count] of heat.entries()) {
      if (count === 0) continue
      first = Math.min(first, row)
      end = Math.max(end, row + 1)
    }
  }
  return end === 0 ? undefined : { first, end }
}

function shadeOf(count: number, max: number): string {
  if (count <= 0) return SHADES[0]
  return SHADES[Math.max(1, Math.ceil(Math.sqrt(count / max) * (SHADES.length - 1)))]
}
