import { BinLayout } from '../stats/bin-layout.js'
import { type Choices, choicesOf } from './choices.js'
import { FailingOperations, type OperationFailure } from './failing-operations.js'
import { type Growth, growthIn } from './growth.js'
import { type LiveFilter, WINDOWS_MS } from './live-filter.js'
import type { LiveInterval } from './live-interval.js'
import type { EngineState, LiveState } from './live-message.js'
import { OutlierTimes } from './outlier-times.js'
import { isOutlier, type Outlier, outlierLimit, ratiosToOthers } from './outliers.js'
import { QUANTILES, type Quantiles, type SeriesSum } from './series-sum.js'
import { Timeline, type TimelinePoint } from './timeline.js'
import { WindowSums } from './window-sums.js'

/** Length of the time that the headline covers, in milliseconds. */
export const HEADLINE_MS = 10_000
/**
 * Milliseconds since the last report within which an engine that was restarted before counts as
 * restarting, so that it does not count as ended or down after each crash. A pool waits up to 30 s
 * before a restart.
 */
export const RESTARTING_MS_MAX = 40_000
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
  /** Why it needs attention; undefined while few of its keys fail. */
  readonly failure: OperationFailure | undefined
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
  /** Why it needs attention now; undefined while its p99 is not above the limit. */
  readonly outlier: Outlier | undefined
  /**
   * Why nothing more is expected of it: it ended on purpose, or the aggregator has dropped it.
   * Undefined for others, and while a pool may be restarting it.
   */
  readonly end: 'ended' | 'dropped' | undefined
  /** Its restarts within the window; undefined without restarts. */
  readonly recentRestarts: Growth | undefined
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
  /** Engines that ended on purpose: they are not up, and no further reports are expected. */
  readonly enginesEnded: number
  /** All engines, including those that ended. */
  readonly engineCount: number
  /**
   * Time of the last report of any engine, in milliseconds since 1970; null before the first
   * report.
   */
  readonly lastReportMs: number | null
  /** Payloads rejected so far, by reason. */
  readonly rejections: Readonly<Record<string, number>>
  /** Payloads rejected within the window, by reason. */
  readonly recentRejections: ReadonlyMap<string, Growth>
  readonly timeline: readonly TimelinePoint[]
  /** Sorted by name; not filtered by operation. */
  readonly operations: readonly OperationRow[]
  /** Sorted as in the snapshot; not filtered by engine. */
  readonly engines: readonly EngineRow[]
  readonly choices: Choices
}

/** Computes a `LiveView` from intervals. Each filter needs a separate builder. */
export class ViewBuilder {
  readonly filter: LiveFilter
  readonly #layout: BinLayout
  readonly #sums: WindowSums
  readonly #headline: WindowSums
  readonly #timeline: Timeline
  readonly #failing: FailingOperations
  readonly #outlierTimes: OutlierTimes

  /** @param bounds bucket upper bounds in seconds, of the aggregator */
  constructor(bounds: readonly number[], filter: LiveFilter) {
    this.filter = filter
    this.#layout = BinLayout.of(bounds)
    this.#sums = new WindowSums(this.#layout, filter)
    this.#headline = new WindowSums(this.#layout, filter)
    this.#timeline = new Timeline(this.#layout, filter)
    this.#failing = new FailingOperations(filter)
    this.#outlierTimes = new OutlierTimes(this.#layout, filter)
  }

  /** @param intervals all intervals of the history, ascending */
  build(intervals: readonly LiveInterval[], state: LiveState): LiveView {
    const { timestampMs, engines, rejections } = state
    const inWindow = since(intervals, timestampMs - WINDOWS_MS[this.filter.window])
    this.#sums.moveTo(inWindow)
    this.#headline.moveTo(since(intervals, timestampMs - HEADLINE_MS))
    const timeline = this.#timeline.of(inWindow)
    const { coveredMs, operations } = this.#sums
    const rows = this.#engineRows(state, timeline, inWindow, intervals)
    const failures = this.#failing.of(intervals)
    return {
      filter: this.filter,
      timestampMs,
      fromMs: inWindow[0]?.fromMs ?? timestampMs,
      coveredMs,
      headline: figuresOf(this.#headline.total, this.#headline.coveredMs),
      enginesUp: engines.filter(({ up }) => up).length,
      enginesEnded: rows.filter(({ end }) => end === 'ended').length,
      engineCount: engines.length,
      lastReportMs: latestReport(engines),
      rejections,
      recentRejections: growthIn(inWindow, (interval) => interval.rejections),
      timeline,
      operations: [...operations.keys()].sort().map((operation) => ({
        operation,
        ...figuresOf(operations.get(operation), coveredMs),
        failure: failures.get(operation),
        trend: timeline.map((point) => rateOf(point, point.rowsByOperation.get(operation))),
      })),
      engines: rows,
      choices: choicesOf(intervals, engines),
    }
  }

  #engineRows(
    { engines: states, timestampMs }: LiveState,
    timeline: readonly TimelinePoint[],
    inWindow: readonly LiveInterval[],
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
    const limits = new Map<string, number>()
    for (const [source, { medianSeconds }] of ratios) {
      if (isOutlier(p99s.get(source) ?? 0, medianSeconds)) {
        limits.set(source, outlierLimit(medianSeconds))
      }
    }
    const since = this.#outlierTimes.since(intervals, limits)
    const restarts = growthIn(inWindow, (interval) => interval.restarts)
    return Array.from(names, (source): EngineRow => {
      const compared = ratios.get(source)
      const sinceMs = since.get(source)
      return {
        source,
        state: known.get(source),
        ...figuresOf(sources.get(source), coveredMs),
        p99Ratio: compared?.ratio,
        outlier: compared && sinceMs !== undefined ? { ...compared, sinceMs } : undefined,
        end: endOf(known.get(source), timestampMs, restarts.get(source)),
        recentRestarts: restarts.get(source),
        trend: timeline.map((point) => rateOf(point, point.rowsBySource.get(source))),
      }
    })
  }
}

function endOf(
  state: EngineState | undefined,
  timestampMs: number,
  restarts: Growth | undefined,
): EngineRow['end'] {
  if (state === undefined) return 'dropped'
  const { up, open, lastReportMs } = state
  if (up || open !== false) return undefined
  // An engine that fails closes its recorder before the pool restarts it.
  const isRecent = timestampMs - (lastReportMs ?? 0) < RESTARTING_MS_MAX
  return restarts !== undefined && isRecent ? undefined : 'ended'
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
