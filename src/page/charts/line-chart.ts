import type { TimelinePoint } from '../../live/timeline.js'
import { formatClock } from '../times.js'
import { NO_NUMBER } from '../units.js'
import { type ChartColumns, columnOf } from './chart-data.js'
import { ChartPanel, type LegendEntry, type Readout } from './chart-panel.js'
import { type PlotLine, type PlotOptions, TimePlot } from './time-plot.js'

/** One line, with the function that reads its values. */
export interface Line extends LegendEntry, PlotLine {
  readonly value: (point: TimelinePoint) => number | undefined
  readonly format: (value: number) => string
}

/** Options of a `LineChart`. */
export interface LineChartOptions extends Omit<PlotOptions, 'lines' | 'onCursor' | 'hasGrid'> {
  readonly id: string
  readonly title: string
  readonly lines: readonly Line[]
}

/** A chart of lines in its panel. */
export class LineChart {
  readonly #lines: readonly Line[]
  readonly #panel: ChartPanel
  readonly #plot: TimePlot
  #points: ChartColumns['points'] = []
  #index: number | undefined

  constructor(place: HTMLElement, options: LineChartOptions) {
    const { id, title, lines } = options
    this.#lines = lines
    this.#panel = new ChartPanel({
      ...{ id, title, legend: lines },
      onChoose: (index) => this.#plot.choose(index),
    })
    place.append(this.#panel.root)
    this.#plot = new TimePlot(this.#panel.place, {
      ...options,
      hasGrid: true,
      onCursor: (index) => {
        this.#index = index
        this.#read()
      },
    })
  }

  update(columns: ChartColumns, range: { fromMs: number; toMs: number }): void {
    this.#points = columns.points
    this.#panel.setPoints(columns.points.length, (index) => this.#readoutAt(index))
    this.#plot.show(
      columns.times,
      this.#lines.map(({ value }) => columnOf(columns, value)),
      range,
    )
    this.#read()
  }

  #read(): void {
    const index = this.#index ?? this.#points.length - 1
    if (index < 0) return
    this.#panel.read(this.#readoutAt(index), this.#index)
  }

  #readoutAt(index: number): Readout {
    const point = this.#points[index]
    if (point === undefined) return { time: 'no data', values: this.#lines.map(() => NO_NUMBER) }
    return {
      time: formatClock(point.fromMs),
      values: this.#lines.map(({ value, format }) => {
        const number = value(point)
        return number === undefined ? NO_NUMBER : format(number)
      }),
    }
  }
}
