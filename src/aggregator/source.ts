import { OTHER } from '../catalogue.js'
import type { FirstReading, JournalReader } from '../journal/journal-reader.js'
import type { ColumnLayout } from '../snapshot/column-layout.js'
import { KnownSeries } from '../snapshot/known-series.js'
import type { ExemplarsBySeries } from '../snapshot/series-exemplars.js'
import { type SeriesBudget, type SeriesLimits, SeriesNames } from '../snapshot/series-names.js'
import {
  EMPTY_TABLE,
  keepCounters,
  makeTable,
  mergeTables,
  type SeriesTable,
} from '../snapshot/series-table.js'
import type { SourceHealth, SourceKey } from '../snapshot/source-snapshot.js'
import { BoundedNames } from '../stats/bounded-names.js'
import type { ConnectorStats } from '../stats/connector-stats.js'
import { countRows, type PackedSeries } from '../stats/packed-series.js'
import { rejection } from '../wire/rejection.js'
import type { DecodedReport } from '../wire/report.js'
import { RESTART_REASONS_MAX, type RestartCounts } from '../wire/report-restarts.js'
import { Incarnation } from './incarnation.js'
import type { RecentDurations } from './recent-durations.js'
import { type ExemplarBudget, SourceExemplars } from './source-exemplars.js'

/** Remote incarnations of a source that are always kept apart, the newest included. */
const INCARNATIONS_KEPT_MIN = 4
const NO_RESTARTS = Object.freeze({})

/** The current time of two clocks. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /** Milliseconds of a monotonic clock. */
  readonly monotonicMs: number
}

/** The budgets that all sources share. */
export interface SourceBudgets {
  readonly series: SeriesBudget
  readonly exemplars: ExemplarBudget
}

/** One engine over all its incarnations: their stats, and the health of its reports. */
export class Source {
  readonly key: SourceKey
  readonly #createdMs: number
  readonly #layout: ColumnLayout
  readonly #names: SeriesNames
  readonly #recent: RecentDurations
  readonly #exemplars: SourceExemplars
  /** Incarnations that may still change, by number. */
  readonly #incarnations = new Map<number, Incarnation>()
  /** The series of the declared operations. */
  #known: KnownSeries
  /** The sum of all stats that can no longer change, each name once. */
  #finished: SeriesTable = EMPTY_TABLE
  /** The sum of `#finished` and all incarnations but the newest, until one of them changes. */
  #base: SeriesTable | undefined
  /** The sum of all stats when it was last read, and whether nothing has changed since. */
  #table: SeriesTable = EMPTY_TABLE
  #isCurrent = false
  /** Incarnations that record in this process. */
  #localCount = 0
  /** Whether the newest incarnation, which recorded in this process, ended without being closed. */
  #hasEndedOpen = false
  /** Whether the engine failed after its newest incarnation and is not restarted. */
  #hasFailed = false
  #newest: number
  /** Reports of incarnations up to this number are rejected, except those of kept incarnations. */
  #floor: number
  #reports = 0
  #reportBytes = 0
  #lastReportMs: number | null = null
  /** The time of the last rows without an incarnation, by the monotonic clock. */
  #rowsSeenMs = Number.NEGATIVE_INFINITY
  readonly #restarts = new BoundedNames(RESTART_REASONS_MAX, () => ({ count: 0 }))

  /**
   * @param createdMs the current time, in milliseconds since 1970
   * @param limits on the distinct operations and statuses
   * @param budgets of all sources together
   * @param forgotten the newest incarnation of a source that was dropped under this key; 0 for none
   */
  constructor(
    key: SourceKey,
    createdMs: number,
    layout: ColumnLayout,
    limits: SeriesLimits,
    budgets: SourceBudgets,
    recent: RecentDurations,
    forgotten = 0,
  ) {
    this.key = key
    this.#createdMs = createdMs
    this.#layout = layout
    this.#known = new KnownSeries(layout)
    this.#names = new SeriesNames(limits, budgets.series)
    this.#recent = recent
    this.#exemplars = new SourceExemplars(layout.bins, budgets.exemplars)
    this.#floor = forgotten
    this.#newest = forgotten
  }

  /** Whether a report or rows were ever accepted. */
  get isUsed(): boolean {
    return this.#reports > 0
  }

  /** Incarnations that may still change. */
  get incarnations(): Iterable<Incarnation> {
    return this.#incarnations.values()
  }

  /** The number of the newest incarnation; 0 before the first. */
  get newest(): number {
    return this.#newest
  }

  /** Add series before they have rows. They count towards the limits on names. */
  declare(series: readonly PackedSeries[]): void {
    const table = makeTable(this.#layout, this.#names, series)
    // Several of them may be `other`, because of the limit on all series.
    this.#known = new KnownSeries(this.#layout, mergeTables(this.#layout, [table]))
    this.#isCurrent = false
  }

  begin(journal: JournalReader, { monotonicMs }: Moment): Incarnation {
    const number = this.#newest + 1
    const incarnation = new Incarnation(number, this.#layout, this.#names, journal)
    incarnation.lastSeenMs = monotonicMs
    this.#keep(incarnation)
    this.#localCount++
    return incarnation
  }

  /**
   * Accept a report of a local incarnation. It changes no count if the journal was read after the
   * report was made.
   *
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `backwards`
   */
  acceptLocal(
    incarnation: Incarnation,
    report: DecodedReport,
    bytes: number,
    moment: Moment,
  ): void {
    incarnation.accept(report, true)
    this.#accepted(incarnation, report, bytes, moment)
  }

  /**
   * Accept a report of another process. A duplicate or late report changes nothing.
   *
   * @param keptMax bound on the kept incarnations, each of which counts as the number of its series
   * plus one; the oldest past the bound can no longer change
   * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `local`, `incarnation` and `backwards`
   */
  acceptRemote(report: DecodedReport, bytes: number, moment: Moment, keptMax: number): void {
    const known = this.#incarnations.get(report.incarnation)
    if (this.#localCount > 0) {
      const expected = 'no report of an engine that is connected in this process'
      throw rejection('local', expected, `one of engine ${report.engine}`)
    }
    if (known === undefined && report.incarnation <= this.#floor) {
      const expected = `an incarnation after ${this.#floor}, which can no longer change`
      throw rejection('incarnation', expected, report.incarnation)
    }
    const incarnation = known ?? new Incarnation(report.incarnation, this.#layout, this.#names)
    const { length } = incarnation.table.series
    if (!incarnation.accept(report)) return
    if (known === undefined) this.#keep(incarnation)
    this.#accepted(incarnation, report, bytes, moment)
    if (known === undefined || incarnation.table.series.length > length) this.#fold(keptMax)
  }

  /** Count rows that belong to no incarnation. */
  addRows(stats: ConnectorStats, bytes: number, moment: Moment): void {
    const series: PackedSeries[] = []
    for (const { operation, status, stats: own } of stats.series()) {
      const packed = own.pack({ operation, status })
      series.push(packed)
      const durations = own.isExact ? own.durations.values() : undefined
      if (durations !== undefined) this.#recent.addRows(this.#names.of(packed), durations)
    }
    if (series.length > 0) this.#finish(makeTable(this.#layout, this.#names, series))
    this.#noteReport(bytes, moment)
    this.#rowsSeenMs = moment.monotonicMs
  }

  /**
   * Read the journal of a running incarnation, as `Incarnation.finishRead`.
   *
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `journal`
   */
  finishRead(incarnation: Incarnation, first: FirstReading): boolean {
    const { table } = incarnation
    const isComplete = incarnation.finishRead(first)
    if (incarnation.table !== table) this.#changed(incarnation)
    return isComplete
  }

  /**
   * End a local incarnation, which can no longer change then.
   *
   * @param isDisconnected whether the engine was disconnected while its thread runs
   */
  end(incarnation: Incarnation, isDisconnected: boolean): void {
    if (!this.#incarnations.delete(incarnation.number)) return
    if (incarnation.number === this.#newest) {
      this.#hasEndedOpen = !isDisconnected && !incarnation.isFinal
    }
    this.#localCount--
    this.#recent.addIncarnation(incarnation)
    incarnation.releaseJournal()
    this.#finish(incarnation.table)
    this.#floor = Math.max(this.#floor, incarnation.number)
  }

  /** Release the names of the series, when the source is dropped. */
  release(): void {
    this.#names.release()
    this.#exemplars.release()
  }

  /** Note that the engine failed and is not restarted: it stays open until its next incarnation. */
  noteFailure(): void {
    this.#hasFailed = true
  }

  /** Count that the pool restarts the engine. */
  noteRestart(reason: string): void {
    this.#restarts.get(reason).count++
  }

  /** Set the restarts that the pools of other processes counted; undefined for none. */
  setRestarts(restarts: RestartCounts | undefined): void {
    if (restarts === undefined && this.#restarts.entries.size === 0) return
    for (const entry of this.#restarts.entries.values()) entry.count = 0
    for (const [reason, count] of restarts ?? []) this.#restarts.get(reason).count += count
  }

  /** The stats of this engine so far, each name once. */
  get table(): SeriesTable {
    if (!this.#isCurrent) {
      const sum = this.#known.putFirst(this.#sum())
      this.#table = keepCounters(this.#layout, sum, this.#table)
    }
    this.#isCurrent = true
    return this.#table
  }

  /** The newest exemplar of each bucket, by the name of the series. */
  get exemplars(): ExemplarsBySeries {
    return this.#exemplars.latest
  }

  /**
   * Calls in flight by operation; undefined if extra metrics are not enabled. Of remote
   * incarnations, only the newest counts, since those before it have ended.
   */
  get inFlight(): ReadonlyMap<string, number> | undefined {
    if (!this.#layout.hasExtras) return undefined
    const inFlight = new Map(this.table.names.map(({ operation }) => [operation, 0]))
    for (const incarnation of this.#incarnations.values()) {
      if (!incarnation.hasJournal && incarnation.number !== this.#newest) continue
      for (const [operation, count] of incarnation.inFlight()) {
        inFlight.set(operation, (inFlight.get(operation) ?? 0) + count)
      }
    }
    return inFlight
  }

  health({ monotonicMs }: Moment, silentAfterMs: number): SourceHealth {
    let rows = countRows(this.#finished.series)
    let lastSeenMs = this.#rowsSeenMs
    for (const incarnation of this.#incarnations.values()) {
      rows += incarnation.rows
      // A late report of an older remote incarnation does not mean that the engine is up.
      const isCurrent = incarnation.hasJournal || incarnation.number === this.#newest
      if (!isCurrent || incarnation.isFinal) continue
      lastSeenMs = Math.max(lastSeenMs, incarnation.lastSeenMs)
    }
    return {
      up: monotonicMs - lastSeenMs <= silentAfterMs,
      open: this.#isOpen,
      incarnation: this.#newest,
      createdMs: this.#createdMs,
      reports: this.#reports,
      reportBytes: this.#reportBytes,
      lastReportMs: this.#lastReportMs,
      rows,
      restarts: this.#restartCounts(),
    }
  }

  get #isOpen(): boolean {
    if (this.#hasFailed) return true
    const newest = this.#incarnations.get(this.#newest)
    return newest === undefined ? this.#hasEndedOpen : newest.isExpected
  }

  #restartCounts(): Readonly<Record<string, number>> {
    const { entries } = this.#restarts
    // A shared object: most engines never restart, and each scrape reads the counts of all engines.
    if (entries.size === 0) return NO_RESTARTS
    return Object.fromEntries(Array.from(entries, ([reason, { count }]) => [reason, count]))
  }

  #sum(): SeriesTable {
    const newest = this.#incarnations.get(this.#newest)
    if (this.#base === undefined) {
      const older = [...this.#incarnations.values()].filter((other) => other !== newest)
      this.#base = this.#merge([this.#finished, ...older.map(({ table }) => table)])
    }
    return newest === undefined ? this.#base : this.#merge([this.#base, newest.table])
  }

  #merge(tables: readonly SeriesTable[]): SeriesTable {
    return mergeTables(
      this.#layout,
      tables.filter(({ series }) => series.length > 0),
    )
  }

  #keep(incarnation: Incarnation): void {
    this.#incarnations.set(incarnation.number, incarnation)
    // The base excludes the newest incarnation, which may have changed.
    this.#base = undefined
    if (incarnation.number < this.#newest) return
    this.#newest = incarnation.number
    this.#hasFailed = false
  }

  /**
   * Add the oldest incarnations past the limit to `#finished`. The newest `INCARNATIONS_KEPT_MIN`
   * are always kept.
   */
  #fold(keptMax: number): void {
    const newestFirst = [...this.#incarnations.values()].sort((a, b) => b.number - a.number)
    let kept = 0
    for (const [index, incarnation] of newestFirst.entries()) {
      kept += incarnation.table.series.length + 1
      if (index < INCARNATIONS_KEPT_MIN || kept <= keptMax) continue
      this.#incarnations.delete(incarnation.number)
      this.#floor = Math.max(this.#floor, incarnation.number)
      this.#finish(incarnation.table)
    }
  }

  #finish(table: SeriesTable): void {
    this.#finished = this.#merge([this.#finished, table])
    this.#base = undefined
    this.#isCurrent = false
  }

  #accepted(
    incarnation: Incarnation,
    { series, exemplars }: DecodedReport,
    bytes: number,
    moment: Moment,
  ): void {
    incarnation.lastSeenMs = moment.monotonicMs
    this.#changed(incarnation)
    this.#exemplars.add(exemplars, (index) => this.#names.of(series[index]))
    this.#noteReport(bytes, moment)
  }

  #changed(incarnation: Incarnation): void {
    if (incarnation.number !== this.#newest) this.#base = undefined
    this.#isCurrent = false
  }

  #noteReport(bytes: number, { nowMs }: Moment): void {
    this.#reports++
    this.#reportBytes += bytes
    this.#lastReportMs = nowMs
  }
}

/** The key of the source that counts for all engines past the limit. */
export const OTHER_KEY: SourceKey = { instance: undefined, engine: OTHER }
