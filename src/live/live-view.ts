import { BinLayout } from '../stats/bin-layout.js'
import { type LiveFilter, WINDOWS_MS } from './live-filter.js'
import type { LiveInterval } from './live-interval.js'
import type { EngineState, LiveState } from './live-message.js'
import {
  isOutlier,
  type Outlier,
  OUTLIER_RATIO,
  outliersSince,
  ratiosToOthers,
} from './outliers.js'
import { QUANTILES, type Quantiles, type SeriesSum } from './series-sum.js'
import { Timeline, type TimelinePoint } from './timeline.js'
import { WindowSums } from './window-sums.js'

/** Length of the time that the headline covers, in milliseconds. */
export const HEADLINE_MS = 10_000
const MS_PER_SECOND = 1_000

/** Rates and durations over the window, or over `HEADLINE_MS` for the headline. */
export interface Figures extends Quantiles {
  readonly rows: number
  readonly operationsPerSecond: number
  readonly keysPerSecond: number
  readonly bytesPerSecond: number
  readonly failedKeysPerSecond: number
  /** Failed keys per key, 0 to 1; undefined without keys. */
  readonly failedKeyRatio: number | undefined
}

/** One row of the table of operations. */
export interface OperationRow extends Figures {
  readonly operation: string
  /** Operations per second of each point of the timeline. */
  readonly trend: readonly number[]
}

/** One row of the table of engines. */
export interface EngineRow extends Figures {
  readonly source: string
  /** Undefined for an engine that the aggregator has dropped. */
  readonly state: EngineState | undefined
  /** Its p99 divided by the median of the other engines' p99; undefined without other engines. */
  readonly p99Ratio: number | undefined
  readonly outlier: Outlier | undefined
  readonly trend: readonly number[]
}

/** The content of the page or the terminal at one moment. */
export interface LiveView {
  readonly filter: LiveFilter
  readonly timestampMs: number
  /** Start of the window, or of the history if it is shorter, in milliseconds since 1970. */
  readonly fromMs: number
  /** Milliseconds of the window that intervals cover. Rates are per this time. */
  readonly coveredMs: number
  /** The last `HEADLINE_MS`. */
  readonly headline: Figures
  readonly enginesUp: number
  readonly engineCount: number
  /**
   * Time of the last report of any engine, in milliseconds since 1970; null before the first
   * report.
   */
  readonly lastReportMs: number | null
  /** Payloads rejected so far, by reason. */
  readonly rejections: Readonly<Record<string, number>>
  readonly timeline: readonly TimelinePoint[]
  /** Sorted by name; not filtered by operation. */
  readonly operations: readonly OperationRow[]
  /** Sorted as in the snapshot; not filtered by engine. */
  readonly engines: readonly EngineRow[]
  /** The options of the filters: all names in the history, ascending. */
  readonly choices: {
    readonly operations: readonly string[]
    readonly sources: readonly string[]
    readonly statuses: readonly string[]
  }
}

/** Computes a `LiveView` from intervals. Each filter needs a separate builder. */
export class ViewBuilder {
  readonly filter: LiveFilter
  readonly #layout: BinLayout
  readonly #sums: WindowSums
  readonly #headline: WindowSums
  readonly #timeline: Timeline
  /** Per outlier, the time at which the engine became one. */
  #since = new Map<string, number>()

  /** @param bounds bucket upper bounds in seconds, of the aggregator */
  constructor(bounds: readonly number[], filter: LiveFilter) {
    this.filter = filter
    this.#layout = BinLayout.of(bounds)
    this.#sums = new WindowSums(this.#layout, filter)
    this.#headline = new WindowSums(this.#layout, filter)
    this.#timeline = new Timeline(this.#layout, filter)
  }

  /** @param intervals all intervals of the history, ascending */
  build(intervals: readonly LiveInterval[], state: LiveState): LiveView {
    const { timestampMs, engines, rejections } = state
    const inWindow = since(intervals, timestampMs - WINDOWS_MS[this.filter.window])
    this.#sums.moveTo(inWindow)
    this.#headline.moveTo(since(intervals, timestampMs - HEADLINE_MS))
    const timeline = this.#timeline.of(inWindow)
    const { coveredMs, operations } = this.#sums
    return {
      filter: this.filter,
      timestampMs,
      fromMs: inWindow[0]?.fromMs ?? timestampMs,
      coveredMs,
      headline: figuresOf(this.#headline.total, this.#headline.coveredMs),
      enginesUp: engines.filter(({ up }) => up).length,
      engineCount: engines.length,
      lastReportMs: latestReport(engines),
      rejections,
      timeline,
      operations: [...operations.keys()].sort().map((operation) => ({
        operation,
        ...figuresOf(operations.get(operation), coveredMs),
        trend: timeline.map((point) => rateOf(point, point.rowsByOperation.get(operation))),
      })),
      engines: this.#engineRows(engines, timeline, inWindow),
      choices: choicesOf(intervals, engines),
    }
  }

  #engineRows(
    states: readonly EngineState[],
    timeline: readonly TimelinePoint[],
    intervals: readonly LiveInterval[],
  ): EngineRow[] {
    const { sources, coveredMs } = this.#sums
    const known = new Map(states.map((state) => [state.source, state]))
    const names = new Set([...known.keys(), ...sources.keys()])
    const p99s = new Map<string, number>()
    for (const [source, sum] of sources) {
      const p99 = sum.quantile(QUANTILES.p99)
      if (p99 !== undefined) p99s.set(source, p99)
    }
    const ratios = ratiosToOthers(p99s)
    const since = this.#outliersSince(p99s, ratios, intervals)
    return Array.from(names, (source): EngineRow => {
      const compared = ratios.get(source)
      const sinceMs = since.get(source)
      return {
        source,
        state: known.get(source),
        ...figuresOf(sources.get(source), coveredMs),
        p99Ratio: compared?.ratio,
        outlier: compared && sinceMs !== undefined ? { ...compared, sinceMs } : undefined,
        trend: timeline.map((point) => rateOf(point, point.rowsBySource.get(source))),
      }
    })
  }

  /** Per outlier, the time at which the engine became one. */
  #outliersSince(
    p99s: ReadonlyMap<string, number>,
    ratios: ReturnType<typeof ratiosToOthers>,
    intervals: readonly LiveInterval[],
  ): ReadonlyMap<string, number> {
    const known = new Map<string, number>()
    const limits = new Map<string, number>()
    for (const [source, { medianSeconds }] of ratios) {
      if (!isOutlier(p99s.get(source) ?? 0, medianSeconds)) continue
      const sinceMs = this.#since.get(source)
      if (sinceMs === undefined) limits.set(source, OUTLIER_RATIO * medianSeconds)
      else known.set(source, sinceMs)
    }
    const found = outliersSince(this.#layout, this.filter, intervals, limits)
    this.#since = new Map([...known, ...found])
    return this.#since
  }
}

function figuresOf(sum: SeriesSum | undefined, coveredMs: number): Figures {
  const seconds = coveredMs / MS_PER_SECOND
  const perSecond = (count = 0) => (seconds > 0 ? count / seconds : 0)
  return {
    rows: sum?.rows ?? 0,
    operationsPerSecond: perSecond(sum?.rows),
    keysPerSecond: perSecond(sum?.numKeys),
    bytesPerSecond: perSecond(sum?.numBytes),
    failedKeysPerSecond: perSecond(sum?.numFailedKeys),
    failedKeyRatio:
      sum !== undefined && sum.numKeys > 0 ? sum.numFailedKeys / sum.numKeys : undefined,
    ...(sum?.quantiles() ?? { p50: undefined, p90: undefined, p99: undefined }),
  }
}

function latestReport(engines: readonly EngineState[]): number | null {
  let latest: number | null = null
  for (const { lastReportMs } of engines) {
    if (lastReportMs !== null && lastReportMs > (latest ?? 0)) latest = lastReportMs
  }
  return latest
}

function rateOf({ fromMs, toMs }: TimelinePoint, rows = 0): number {
  return (rows * MS_PER_SECOND) / (toMs - fromMs)
}

function since(intervals: readonly LiveInterval[], fromMs: number): LiveInterval[] {
  return intervals.filter(({ toMs }) => toMs > fromMs)
}

function choicesOf(
  intervals: readonly LiveInterval[],
  engines: readonly EngineState[],
): LiveView['choices'] {
  const operations = new Set<string>()
  const statuses = new Set<string>()
  // Engines that the aggregator has dropped are in intervals only.
  const sources = new Set(engines.map(({ source }) => source))
  for (const interval of intervals) {
    for (const source of interval.sources) sources.add(source)
    const { names } = interval
    for (const { operation, status } of names) {
      operations.add(operation)
      statuses.add(status)
    }
  }
  return {
    operations: [...operations].sort(),
    sources: [...sources],
    statuses: [...statuses].sort(),
  }
}
