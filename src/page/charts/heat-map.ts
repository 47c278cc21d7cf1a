import type uPlot from 'uplot'
import { heatRowSeconds } from '../../live/heat-scale.js'
import type { TimelinePoint } from '../../live/timeline.js'
import { element, setText } from '../element.js'
import { onSchemeChange, palette } from '../palette.js'
import { formatClock } from '../times.js'
import { DURATION_UNITS, formatTick, formatWithUnit, NO_NUMBER, RATE_UNITS } from '../units.js'
import {
  type ChartColumns,
  columnOf,
  type HeatExtent,
  heatExtent,
  perSecond,
} from './chart-data.js'
import { ChartPanel, type Readout } from './chart-panel.js'
import { COLOURS, colourIndex, colourScale } from './colour-scale.js'
import { logTicks } from './log-scale.js'
import { TimePlot } from './time-plot.js'

const MS_PER_SECOND = 1_000
/** Number of empty rows shown above and below those with operations. */
const MARGIN_ROWS = 2
/** Minimum number of rows. */
const ROWS_MIN = 12
const RANGE_INITIAL: [number, number] = [1e-4, 1e-1]
const LEGEND_PX = 8

/** A chart of time × duration. The colour of a cell is the rate of its operations. */
export class HeatMap {
  readonly #panel: ChartPanel
  readonly #plot: TimePlot
  readonly #scale = element('canvas', { class: 'scale', 'aria-hidden': 'true' })
  readonly #min = element('span')
  readonly #max = element('span')
  #colours: readonly string[] = colourScale(palette().isDark)
  #points: ChartColumns['points'] = []
  #extent: HeatExtent | undefined
  #index: number | undefined
  /** The row of the heat map under the pointer, or selected with the keyboard. */
  #row: number | undefined

  constructor(place: HTMLElement) {
    const legend = element('p', { class: 'heat-legend' }, this.#min, this.#scale, this.#max)
    this.#panel = new ChartPanel(
      {
        id: 'heat',
        title: 'Latency heat map',
        legend: [
          { key: 'cell', label: 'duration' },
          { key: 'rate', label: 'rate' },
        ],
        onChoose: (index) => this.#plot.choose(index),
        onKey: (key) => this.#moveRow(key),
      },
      legend,
    )
    place.append(this.#panel.root)
    this.#plot = new TimePlot(this.#panel.place, {
      lines: [{ colour: undefined }],
      isLogarithmic: true,
      range: () => this.#range(),
      ticks: logTicks,
      formatTick: (value) => formatTick(value, DURATION_UNITS),
      hasGrid: false,
      onDraw: (plot) => this.#draw(plot),
      onCursor: (index) => {
        this.#index = index
        this.#read()
      },
    })
    const { over } = this.#plot.plot
    over.addEventListener('mousemove', ({ offsetY }) => {
      this.#row = this.#rowAt(this.#plot.plot.posToVal(offsetY, 'y'))
      this.#read()
    })
    over.addEventListener('mouseleave', () => {
      this.#row = undefined
    })
    onSchemeChange(() => {
      this.#colours = colourScale(palette().isDark)
      this.#drawScale()
      this.#plot.plot.redraw(false)
    })
    this.#drawScale()
  }

  update(
    columns: ChartColumns,
    range: { readonly fromMs: number; readonly toMs: number },
    timeline: readonly TimelinePoint[],
  ): void {
    this.#points = columns.points
    this.#extent = heatExtent(timeline)
    const { min, max } = this.#extent ?? {}
    setText(this.#min, min === undefined ? '' : formatWithUnit(min, RATE_UNITS))
    setText(this.#max, max === undefined ? '' : formatWithUnit(max, RATE_UNITS))
    this.#panel.setPoints(columns.points.length, (index) => this.#readoutAt(index, undefined))
    this.#plot.show(columns.times, [columnOf(columns, ({ p99 }) => p99)], range)
    this.#read()
  }

  /** The range of durations, in seconds. */
  #range(): [number, number] {
    const [first, end] = this.#rows()
    return this.#extent === undefined ? RANGE_INITIAL : [heatRowSeconds(first), heatRowSeconds(end)]
  }

  #rows(): [first: number, end: number] {
    const { first = 0, last = 0 } = this.#extent ?? {}
    const missing = Math.max(0, ROWS_MIN - (last + 1 - first))
    return [first - MARGIN_ROWS - (missing >> 1), last + 1 + MARGIN_ROWS + ((missing + 1) >> 1)]
  }

  #draw(plot: uPlot): void {
    const { ctx } = plot
    if (this.#extent === undefined) return
    const { first, last, min, max } = this.#extent
    const edges = Array.from({ length: last + 2 - first }, (_, index) =>
      Math.round(plot.valToPos(heatRowSeconds(first + index), 'y', true)),
    )
    ctx.save()
    ctx.beginPath()
    ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height)
    ctx.clip()
    for (const point of this.#points) {
      if (point === undefined) continue
      const left = Math.round(plot.valToPos(point.fromMs / MS_PER_SECOND, 'x', true))
      const right = Math.round(plot.valToPos(point.toMs / MS_PER_SECOND, 'x', true))
      const width = Math.max(1, right - left)
      for (let row = first; row <= last; row++) {
        if (point.heat[row] === 0) continue
        const [bottom, top] = [edges[row - first], edges[row + 1 - first]]
        ctx.fillStyle = this.#colours[colourIndex(perSecond(point.heat[row], point), min, max)]
        ctx.fillRect(left, top, width, Math.max(1, bottom - top))
      }
    }
    ctx.restore()
  }

  #drawScale(): void {
    this.#scale.width = COLOURS
    this.#scale.height = LEGEND_PX
    const context = this.#scale.getContext('2d')
    for (const [index, colour] of this.#colours.entries()) {
      if (context === null) return
      context.fillStyle = colour
      context.fillRect(index, 0, 1, LEGEND_PX)
    }
  }

  #read(): void {
    const index = this.#index ?? this.#points.length - 1
    if (index >= 0) this.#panel.read(this.#readoutAt(index, this.#row), this.#index)
  }

  #readoutAt(index: number, row: number | undefined): Readout {
    const point = this.#points[index]
    if (point === undefined) return { time: 'no data', values: [NO_NUMBER, NO_NUMBER] }
    const rows = row === undefined ? point.rows : point.heat[row]
    return {
      time: formatClock(point.fromMs),
      values: [
        row === undefined ? 'all' : durationsOf(row),
        formatWithUnit(perSecond(rows, point), RATE_UNITS),
      ],
    }
  }

  /** Moves the selected row by the keys up and down. */
  #moveRow(key: string): boolean {
    if (this.#extent === undefined || (key !== 'ArrowUp' && key !== 'ArrowDown')) return false
    const { first, last } = this.#extent
    const step = key === 'ArrowUp' ? 1 : -1
    const row = this.#row === undefined ? (step > 0 ? first : last) : this.#row + step
    this.#row = row < first || row > last ? undefined : row
    this.#read()
    return true
  }

  #rowAt(seconds: number): number | undefined {
    if (this.#extent === undefined) return undefined
    const { first, last } = this.#extent
    for (let row = first; row <= last; row++) {
      if (seconds >= heatRowSeconds(row) && seconds < heatRowSeconds(row + 1)) return row
    }
    return undefined
  }
}

function durationsOf(row: number): string {
  const [from, to] = [heatRowSeconds(row), heatRowSeconds(row + 1)]
  return `${formatWithUnit(from, DURATION_UNITS)} to ${formatWithUnit(to, DURATION_UNITS)}`
}
