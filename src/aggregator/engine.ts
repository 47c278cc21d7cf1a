import type { EngineHealth } from '../prometheus/self-metrics.js'
import type { CellLayout } from '../stats/cell-layout.js'
import { ConnectorStats } from '../stats/connector-stats.js'
import {
  type EngineReading,
  figuresOfStats,
  type SeriesFigures,
  SummedReading,
} from '../stats/engine-reading.js'
import { SeriesLabelSet, type SeriesLabels, type SeriesLimits } from '../stats/series-labels.js'
import type { Connection } from './connection.js'
import { Life } from './life.js'

/**
 * Lives of an engine in another process that are kept apart, so that a late report of one finds
 * it. Older ones are summed up for good.
 */
const REMOTE_LIVES_MAX = 4

/** A moment by two clocks. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /** Milliseconds of a clock that only goes forward. */
  readonly uptimeMs: number
}

/** As many names as there can be: somebody else limits them. */
const UNLIMITED = { operationsMax: 65_536, statusesMax: 65_536 }

/** One engine index over all its lives: what they counted, and how its reports come in. */
export class Engine {
  /** The index, or infinity for the engine that stands for all past the limit. */
  readonly index: number
  readonly #layout: CellLayout
  readonly #healthLabels: { readonly engine: string }
  readonly #labels: SeriesLabelSet
  /** Rows of ended lives, and rows that came as such. */
  readonly #finished: ConnectorStats
  /** What an exposition shows of them, until they change. */
  #finishedFigures: readonly (readonly [SeriesLabels, SeriesFigures])[] | undefined
  /** Lives whose reports may still come, by incarnation. */
  readonly #lives = new Map<number, Life>()
  readonly #connections = new Map<Life, Connection>()
  #newestIncarnation: number
  /** The newest life that was summed up; reports of it and of those before are too late. */
  #endedIncarnation: number
  /** Whether more is expected of it: it did not say its last word, or spoke again since. */
  #open = true
  reports = 0
  reportBytes = 0
  lastReportMs: number | undefined
  /** When it last gave a sign of life, by a clock that only goes forward. */
  #lastSignMs = 0

  /**
   * @param limits of the operations and statuses told apart
   * @param endedIncarnation the newest life of the index that was forgotten; 0 for none
   */
  constructor(
    index: number,
    layout: CellLayout,
    limits: SeriesLimits,
    endedIncarnation = 0,
    label = String(index),
  ) {
    this.index = index
    this.#layout = layout
    this.#healthLabels = { engine: label }
    // The labels limit what comes in here, in the same way at all times.
    this.#finished = new ConnectorStats({ layout, ...UNLIMITED })
    this.#endedIncarnation = endedIncarnation
    this.#newestIncarnation = endedIncarnation
    this.#labels = new SeriesLabelSet(label, limits)
  }

  /** Lives that have not been summed up. */
  get lives(): Iterable<Life> {
    return this.#lives.values()
  }

  /** Connections of lives that have not ended. */
  get connections(): Iterable<Connection> {
    return this.#connections.values()
  }

  /** The newest life that was seen. */
  get newestIncarnation(): number {
    return this.#newestIncarnation
  }

  /** The number the next life is to have. */
  get nextIncarnation(): number {
    return this.#newestIncarnation + 1
  }

  /** Begin a life that records in this process. */
  begin(life: Life, connection: Connection, uptimeMs: number): void {
    this.#lastSignMs = uptimeMs
    this.#lives.set(life.incarnation, life)
    this.#connections.set(life, connection)
    this.#newestIncarnation = life.incarnation
    this.#open = true
  }

  /** Sum up a life for good: its last state counts, and no report of it any more. */
  end(life: Life): void {
    if (this.#lives.get(life.incarnation) !== life) return
    this.#lives.delete(life.incarnation)
    this.#endedIncarnation = Math.max(this.#endedIncarnation, life.incarnation)
    if (this.#connections.delete(life)) this.#open = this.#connections.size > 0
    life.addTo(this.#finished, this.#labels)
    this.#finishedFigures = undefined
  }

  /** The life a report from elsewhere belongs to, or undefined where it was summed up already. */
  lifeOf(incarnation: number, ended: (life: Life) => void): Life | undefined {
    const known = this.#lives.get(incarnation)
    if (known !== undefined || incarnation <= this.#endedIncarnation) return known
    const life = new Life(incarnation, this.#layout)
    this.#lives.set(incarnation, life)
    this.#newestIncarnation = Math.max(this.#newestIncarnation, incarnation)
    const remote = [...this.#lives.values()]
      .filter((other) => other !== life && !this.#connections.has(other))
      .sort((left, right) => left.incarnation - right.incarnation)
    // Not the new one, whose report is yet to be counted.
    for (const oldest of remote.slice(0, 1 - REMOTE_LIVES_MAX)) {
      ended(oldest)
      this.end(oldest)
    }
    return life
  }

  /** Count rows that belong to no life. */
  addRows(stats: ConnectorStats): void {
    this.#finishedFigures = undefined
    for (const name of stats.operations()) {
      const from = stats.operation(name)
      // An operation that is only named counts for nothing, and must not take the place of one.
      if (from === undefined || from.series.size === 0) continue
      for (const [given, series] of from.series) {
        const { operation, status } = this.#labels.of(name, given)
        this.#finished.declare(operation).seriesOf(status).addStats(series)
      }
      const { durations } = this.#finished.declare(this.#labels.operationOf(name))
      durations.addAll(from.durations.values())
    }
  }

  /** Add what a life counted since this was last called for it to stats. */
  takeInterval(life: Life, stats: ConnectorStats): void {
    life.takeInterval(stats, this.#labels)
  }

  /** Note that a payload was accepted, and whether it said to be the last. */
  noteReport(bytes: number, { nowMs, uptimeMs }: Moment, final: boolean): void {
    this.#lastSignMs = uptimeMs
    this.#open = !final
    this.reports++
    this.reportBytes += bytes
    this.lastReportMs = nowMs
  }

  /** Add everything this engine counted to stats. */
  addTo(stats: ConnectorStats): void {
    stats.aggregate(this.#finished)
    for (const life of this.#lives.values()) life.addTo(stats, this.#labels)
  }

  /** What an exposition shows of it. */
  read(): EngineReading {
    const [life] = this.#lives.values()
    const single = this.#lives.size === 1 && this.#finished.isEmpty() ? life : undefined
    return single?.read(this.#labels) ?? this.#addReadings()
  }

  #addReadings(): EngineReading {
    const reading = new SummedReading(this.#layout)
    this.#finishedFigures ??= Array.from(
      this.#finished.series(),
      ({ operation, status, stats }) =>
        [this.#labels.of(operation, status), figuresOfStats(stats)] as const,
    )
    for (const [labels, figures] of this.#finishedFigures) reading.add(labels, figures)
    for (const life of this.#lives.values()) life.addReading(this.#labels, reading)
    return reading
  }

  /** What the self-metrics show of it. */
  health(uptimeMs: number, silentAfterMs: number): EngineHealth {
    let rows = this.#finished.rows
    for (const life of this.#lives.values()) rows += life.rows
    return {
      labels: this.#healthLabels,
      up: this.#open && uptimeMs - this.#lastSignMs <= silentAfterMs,
      reports: this.reports,
      reportBytes: this.reportBytes,
      lastReportMs: this.lastReportMs,
      rows,
    }
  }
}
