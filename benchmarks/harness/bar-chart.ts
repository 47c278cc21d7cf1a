import { formatNumber } from './number-text.js'
import { decades, element, label, picture } from './svg.js'

const WIDTH = 860
const LEFT = 330
const RIGHT = 70
const TOP = 44
const BAR = 18
const ROW = 28
const BOTTOM = 40
const OURS = '#0b7285'
const OTHERS = '#adb5bd'
const GRID = '#e9ecef'
const TEXT = '#212529'

/** A bar of a chart. */
export interface Bar {
  readonly title: string
  readonly value: number
  /** Whether it is highlighted. */
  readonly ours: boolean
}

/** Horizontal bars on a logarithmic scale, in the order given. */
export function barChart(title: string, unit: string, bars: readonly Bar[]): string {
  const ticks = decades(bars.map(({ value }) => value))
  const [low = 1] = ticks
  const high = ticks.at(-1) ?? 10
  const height = TOP + bars.length * ROW + BOTTOM
  const share = (value: number) => Math.log(value / low) / Math.log(high / low)
  const xOf = (value: number) => LEFT + share(value) * (WIDTH - LEFT - RIGHT)
  const bottom = height - BOTTOM
  const parts = [
    label(LEFT, 24, `${title} (${unit}, logarithmic)`, { fill: TEXT, 'font-weight': 'bold' }),
    ...ticks.flatMap((tick) => [
      element('line', { x1: xOf(tick), y1: TOP, x2: xOf(tick), y2: bottom, stroke: GRID }),
      label(xOf(tick), bottom + 20, formatNumber(tick), { fill: TEXT, 'text-anchor': 'middle' }),
    ]),
    ...bars.flatMap(({ title: name, value, ours }, index) => {
      const y = TOP + index * ROW + (ROW - BAR) / 2
      const baseline = y + BAR - 4
      const weight = { 'font-weight': ours ? 'bold' : 'normal', fill: TEXT }
      const fill = ours ? OURS : OTHERS
      return [
        label(LEFT - 8, baseline, name, { ...weight, 'text-anchor': 'end' }),
        element('rect', { x: LEFT, y, width: xOf(value) - LEFT, height: BAR, fill }),
        label(xOf(value) + 6, baseline, formatNumber(value), weight),
      ]
    }),
  ]
  return picture(WIDTH, height, title, parts)
}
