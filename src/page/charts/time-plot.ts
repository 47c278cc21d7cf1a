import uPlot from 'uplot'
import { onSchemeChange, palette } from '../palette.js'
import { formatClock, formatMinute } from '../times.js'
import type { ChartColumn } from './chart-data.js'

const MS_PER_SECOND = 1_000
const SECONDS_PER_MINUTE = 60
/** The key by which uPlot synchronizes the cursors of all charts. */
const SYNC_KEY = 'time'
const AXIS_FONT = '11px system-ui, sans-serif'
const Y_AXIS_PX = 56
const X_AXIS_PX = 24
const X_TICK_PX = 70
const PLOT_HEIGHT_PX = 208
const PADDING: uPlot.Padding = [8, 28, 0, 0]
/** Seconds between labels of the time axis. */
const X_STEPS = [5, 10, 15, 30, 60, 120, 180, 300]

/** One line of a chart. */
export interface PlotLine {
  /** The colour of the line; undefined draws no line. */
  readonly colour: (() => string) | undefined
  readonly width?: number
  readonly dash?: readonly number[]
  readonly fill?: () => string
}

/** Options of a `TimePlot`. */
export interface PlotOptions {
  readonly lines: readonly PlotLine[]
  readonly isLogarithmic: boolean
  /** The range of the vertical axis, from the extremes of the lines; null without values. */
  readonly range: (min: number | null, max: number | null) => [min: number, max: number]
  readonly ticks?: (min: number, max: number) => number[]
  readonly formatTick: (value: number) => string
  readonly hasGrid: boolean
  /** Called after the plot is drawn, to draw on top of it. */
  readonly onDraw?: (plot: uPlot) => void
  /** Called when the cursor moves to another point; undefined without a point. */
  readonly onCursor: (index: number | undefined) => void
}

/** A chart over time, drawn by uPlot. */
export class TimePlot {
  readonly plot: uPlot
  #range: [from: number, to: number] = [0, 1]
  /** The time that was selected with the keyboard, in seconds since 1970. */
  #chosen: number | undefined

  constructor(place: HTMLElement, options: PlotOptions) {
    this.plot = new uPlot(this.#uplotOptions(place, options), [[], []], place)
    // The arrow keys move the same cursor (see `ChartPanel`).
    new ResizeObserver(() => this.#resize(place)).observe(place)
    onSchemeChange(() => this.plot.redraw(false))
  }

  /** Show columns for a range of time. */
  show(
    times: readonly number[],
    columns: readonly ChartColumn[],
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  ): void {
    this.#range = [fromMs / MS_PER_SECOND, toMs / MS_PER_SECOND]
    this.plot.setData([[...times], ...columns] as uPlot.AlignedData)
    if (this.#chosen !== undefined) this.choose(this.plot.valToIdx(this.#chosen))
  }

  /** Move the cursor of all charts to a point; undefined hides it. */
  choose(index: number | undefined): void {
    const times = this.plot.data[0]
    this.#chosen = index === undefined ? undefined : times[index]
    const left = this.#chosen === undefined ? -1 : this.plot.valToPos(this.#chosen, 'x')
    // With a third argument, uPlot also moves the cursors of the other charts. Its types lack this
    // argument.
    const setCursor: (at: { left: number; top: number }, ...flags: boolean[]) => void =
      this.plot.setCursor
    setCursor({ left, top: left < 0 ? -1 : 0 }, true, true)
  }

  #resize(place: HTMLElement): void {
    const width = place.clientWidth
    if (width > 0 && width !== this.plot.width) {
      this.plot.setSize({ width, height: PLOT_HEIGHT_PX })
    }
  }

  #uplotOptions(place: HTMLElement, options: PlotOptions): uPlot.Options {
    const { lines, isLogarithmic, range, onDraw, onCursor } = options
    return {
      width: Math.max(place.clientWidth, 1),
      height: PLOT_HEIGHT_PX,
      padding: PADDING,
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false },
        sync: { key: SYNC_KEY, scales: ['x', null] },
        points: { size: 7 },
      },
      scales: {
        x: { time: true, range: () => this.#range },
        y: { distr: isLogarithmic ? 3 : 1, range: (_, min, max) => range(min, max) },
      },
      axes: [timeAxis(), valueAxis(options)],
      series: [{}, ...lines.map(seriesOf)],
      hooks: {
        ...(onDraw && { draw: [onDraw] }),
        setCursor: [({ cursor }) => onCursor(cursor.idx ?? undefined)],
      },
    }
  }
}

function timeAxis(): uPlot.Axis {
  return {
    font: AXIS_FONT,
    size: X_AXIS_PX,
    space: X_TICK_PX,
    gap: 4,
    incrs: X_STEPS,
    stroke: () => palette().muted,
    grid: { show: false },
    ticks: { stroke: () => palette().line, size: 4, width: 1 },
    values: (_, splits, _axis, _space, step) =>
      splits.map((seconds) =>
        (step < SECONDS_PER_MINUTE ? formatClock : formatMinute)(seconds * MS_PER_SECOND),
      ),
  }
}

function valueAxis({ ticks, formatTick, hasGrid }: PlotOptions): uPlot.Axis {
  return {
    font: AXIS_FONT,
    size: Y_AXIS_PX,
    gap: 6,
    stroke: () => palette().muted,
    grid: { show: hasGrid, stroke: () => palette().line, width: 1 },
    ticks: { show: false },
    ...(ticks && { splits: (_plot, _axis, min, max) => ticks(min, max) }),
    // uPlot would hide most labels of a logarithmic axis.
    filter: (_, splits) => splits,
    values: (_, splits) => splits.map(formatTick),
  }
}

function seriesOf({ colour, width = 1, dash, fill }: PlotLine): uPlot.Series {
  if (colour === undefined) return { paths: () => null, points: { show: false } }
  return {
    stroke: colour,
    width,
    points: { show: false },
    spanGaps: false,
    ...(dash && { dash: [...dash] }),
    ...(fill && { fill }),
  }
}
