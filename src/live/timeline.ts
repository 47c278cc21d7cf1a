import type { BinLayout } from '../stats/bin-layout.js'
import { HEAT_ROWS, heatRowsOf } from './heat-scale.js'
import { IntervalGroups } from './interval-groups.js'
import { type LiveFilter, matchSeries, WINDOWS_MS } from './live-filter.js'
import { RECENT_MS, slotOf } from './live-history.js'
import { type LiveInterval, SeriesReader } from './live-interval.js'
import { type Quantiles, SeriesSum } from './series-sum.js'

/** One point of the charts. */
export interface TimelinePoint extends Quantiles {
  readonly fromMs: number
  readonly toMs: number
  readonly rows: number
  readonly numKeys: number
  readonly numBytes: number
  readonly numFailedKeys: number
  /** Number of rows in each of the `HEAT_ROWS` rows of the heat map, shortest durations first. */
  readonly heat: Float64Array
  /** Rows of each operation that has any, for trends. */
  readonly rowsByOperation: ReadonlyMap<string, number>
  /** Rows of each engine that has any, for trends. */
  readonly rowsBySource: ReadonlyMap<string, number>
}

/**
 * The points of a window: one per interval in a window of a minute, and one per slot in longer
 * windows.
 */
export class Timeline {
  readonly #layout: BinLayout
  readonly #heatRows: Uint16Array
  readonly #filter: LiveFilter
  readonly #points: IntervalGroups<TimelinePoint>

  constructor(layout: BinLayout, filter: LiveFilter) {
    this.#layout = layout
    this.#heatRows = heatRowsOf(layout)
    this.#filter = filter
    const isShort = WINDOWS_MS[filter.window] <= RECENT_MS
    this.#points = new IntervalGroups(isShort ? ({ fromMs }) => fromMs : slotOf, (intervals) =>
      this.#pointOf(intervals),
    )
  }

  /** The points of these intervals, ascending. */
  of(intervals: readonly LiveInterval[]): TimelinePoint[] {
    return this.#points.of(intervals)
  }

  #pointOf(intervals: readonly LiveInterval[]): TimelinePoint {
    const total = new SeriesSum(this.#layout)
    const rowsByOperation = new Map<string, number>()
    const rowsBySource = new Map<string, number>()
    for (const interval of intervals) {
      const reader = new SeriesReader(interval)
      while (reader.next()) {
        const match = matchSeries(this.#filter, reader)
        if (match.total) total.add(reader)
        if (match.operations) addTo(rowsByOperation, reader.name.operation, reader.rows)
        if (match.engines) addTo(rowsBySource, reader.source, reader.rows)
      }
    }
    const heat = new Float64Array(HEAT_ROWS)
    total.addBinsTo(heat, this.#heatRows)
    const { rows, numKeys, numBytes, numFailedKeys } = total
    return {
      fromMs: intervals[0]?.fromMs ?? 0,
      toMs: intervals.at(-1)?.toMs ?? 0,
      ...{ rows, numKeys, numBytes, numFailedKeys },
      ...total.quantiles(),
      ...{ heat, rowsByOperation, rowsBySource },
    }
  }
}

function addTo(sums: Map<string, number>, key: string, rows: number): void {
  sums.set(key, (sums.get(key) ?? 0) + rows)
}
