import { WINDOWS_MS } from '../../live/live-filter.js'
import type { LiveView } from '../../live/live-view.js'
import { palette } from '../palette.js'
import { AXIS_COUNTS, DURATION_UNITS, formatTick, formatWithUnit, RATE_UNITS } from '../units.js'
import { chartColumns, rateOf } from './chart-data.js'
import { HeatMap } from './heat-map.js'
import { LineChart } from './line-chart.js'
import { logRange, logTicks } from './log-scale.js'

/** The range of a duration axis without data, in seconds. */
const DURATIONS_INITIAL: [number, number] = [1e-4, 1e-1]
const HEADROOM = 1.1

/** All charts over the window, with one cursor. */
export class Charts {
  readonly #lines: readonly LineChart[]
  readonly #heatMap: HeatMap

  constructor(place: HTMLElement) {
    const formatDuration = (seconds: number) => formatWithUnit(seconds, DURATION_UNITS)
    this.#lines = [
      new LineChart(place, {
        id: 'rate',
        title: 'Operations per second',
        isLogarithmic: false,
        range: (_, max) => [0, max ? max * HEADROOM : 1],
        formatTick: (value) => formatTick(value, AXIS_COUNTS),
        lines: [
          {
            key: 'rate',
            label: 'rate',
            colour: () => palette().accent,
            fill: () => palette()['accent-soft'],
            width: 1.5,
            value: rateOf,
            format: (rate) => formatWithUnit(rate, RATE_UNITS),
          },
        ],
      }),
      new LineChart(place, {
        id: 'latency',
        title: 'Latency',
        isLogarithmic: true,
        range: (min, max) => (min && max ? logRange(min, max) : DURATIONS_INITIAL),
        ticks: logTicks,
        formatTick: (value) => formatTick(value, DURATION_UNITS),
        lines: [
          {
            ...{ key: 'p50', label: 'p50', width: 1.25 },
            colour: () => palette().muted,
            value: ({ p50 }) => p50,
            format: formatDuration,
          },
          {
            ...{ key: 'p90', label: 'p90', width: 1.5, dash: [5, 3] },
            colour: () => palette().accent,
            value: ({ p90 }) => p90,
            format: formatDuration,
          },
          {
            ...{ key: 'p99', label: 'p99', width: 2 },
            colour: () => palette().accent,
            value: ({ p99 }) => p99,
            format: formatDuration,
          },
        ],
      }),
    ]
    this.#heatMap = new HeatMap(place)
  }

  update(view: LiveView): void {
    const { timeline, timestampMs, filter } = view
    const columns = chartColumns(timeline)
    const range = { fromMs: timestampMs - WINDOWS_MS[filter.window], toMs: timestampMs }
    for (const chart of this.#lines) chart.update(columns, range)
    this.#heatMap.update(columns, range, timeline)
  }
}
