import { formatNumber } from './number-text.js'
import { decades, element, label, picture } from './svg.js'

const WIDTH = 860
const HEIGHT = 380
const LEFT = 80
const RIGHT = 60
const TOP = 70
const BOTTOM = 56
const COLOURS = ['#0b7285', '#e8590c', '#868e96']
const GRID = '#e9ecef'
const TEXT = '#212529'
const LEGEND_WIDTH = 330

/** A line of a chart. */
export interface Line {
  readonly title: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

/**
 * Lines on two logarithmic axes: a constant cost is a flat line, a proportional one rises at 45°.
 */
export function lineChart(
  title: string,
  xTitle: string,
  yTitle: string,
  lines: readonly Line[],
): string {
  const points = lines.flatMap((line) => line.points)
  const xTicks = decades(points.map(([x]) => x))
  const yTicks = decades(points.map(([, y]) => y))
  const xOf = scale(xTicks, LEFT, WIDTH - RIGHT)
  const yOf = scale(yTicks, HEIGHT - BOTTOM, TOP)
  const [bottom, right] = [HEIGHT - BOTTOM, WIDTH - RIGHT]
  const parts = [
    label(LEFT, 24, `${title}: ${yTitle}`, { fill: TEXT, 'font-weight': 'bold' }),
    label((LEFT + right) / 2, HEIGHT - 14, xTitle, { fill: TEXT, 'text-anchor': 'middle' }),
    ...xTicks.flatMap((tick) => [
      element('line', { x1: xOf(tick), y1: TOP, x2: xOf(tick), y2: bottom, stroke: GRID }),
      label(xOf(tick), bottom + 18, tickText(tick), { fill: TEXT, 'text-anchor': 'middle' }),
    ]),
    ...yTicks.flatMap((tick) => [
      element('line', { x1: LEFT, y1: yOf(tick), x2: right, y2: yOf(tick), stroke: GRID }),
      label(LEFT - 8, yOf(tick) + 4, tickText(tick), { fill: TEXT, 'text-anchor': 'end' }),
    ]),
    ...lines.flatMap((line, index) => drawLine(line, index, xOf, yOf)),
  ]
  return picture(WIDTH, HEIGHT, title, parts)
}

type Scale = (value: number) => number

function scale(ticks: readonly number[], from: number, to: number): Scale {
  const [low = 1] = ticks
  const high = ticks.at(-1) ?? 10
  return (value) => from + (Math.log(value / low) / Math.log(high / low)) * (to - from)
}

function drawLine({ title, points }: Line, index: number, xOf: Scale, yOf: Scale): string[] {
  const colour = COLOURS[index % COLOURS.length] ?? TEXT
  const path = points.map(([x, y]) => `${xOf(x).toFixed(1)},${yOf(y).toFixed(1)}`).join(' ')
  const x = LEFT + index * LEGEND_WIDTH
  return [
    element('polyline', { points: path, fill: 'none', stroke: colour, 'stroke-width': 2 }),
    ...points.map(([px, py]) =>
      element('circle', { cx: xOf(px), cy: yOf(py), r: 3, fill: colour }),
    ),
    element('rect', { x, y: 40, width: 14, height: 4, fill: colour }),
    label(x + 20, 47, title, { fill: TEXT }),
  ]
}

function tickText(value: number): string {
  return value < 1 ? String(value) : formatNumber(value)
}
