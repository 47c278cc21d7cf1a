import { type FirstReading, type JournalReader, recentRowsMax } from '../journal/journal-reader.js'
import type { ColumnLayout } from '../snapshot/column-layout.js'
import type { SeriesNames } from '../snapshot/series-names.js'
import { EMPTY_TABLE, makeTable, mergeTables, type SeriesTable } from '../snapshot/series-table.js'
import { countRows, type PackedSeries } from '../stats/packed-series.js'
import { rejection } from '../wire/rejection.js'
import type { DecodedReport } from '../wire/report.js'
import { assertMonotonic } from './assert-monotonic.js'

/** Reports that may be lost in a row: at one per millisecond, those of 24 days. */
const REPORTS_LOST_MAX = 2 ** 31

/**
 * One incarnation of an engine: its latest cumulative report, and its journal where it records in
 * this process.
 */
export class Incarnation {
  /** A later incarnation of the engine has a larger number. */
  readonly number: number
  readonly #layout: ColumnLayout
  readonly #names: SeriesNames
  #journal: JournalReader | undefined
  #isJournalRead = false
  #hasThreadEnded = false
  /** The series, each in its place: new ones only come after them. */
  #table: SeriesTable = EMPTY_TABLE
  #rows = 0
  /** Of the newest report that was accepted. */
  #sequence = 0
  #isFinal = false
  #isExpected = true
  /** Of the newest report: per series its operation, and the calls in flight that it has. */
  #reportedInFlight: readonly (readonly [operation: string, count: number])[] = []
  /** When it last reported or began, by the monotonic clock. */
  lastSeenMs = Number.NEGATIVE_INFINITY

  /** @param names of the source's series */
  constructor(number: number, layout: ColumnLayout, names: SeriesNames, journal?: JournalReader) {
    this.number = number
    this.#layout = layout
    this.#names = names
    this.#journal = journal
  }

  get hasJournal(): boolean {
    return this.#journal !== undefined
  }

  /** Whether its last report has come. */
  get isFinal(): boolean {
    return this.#isFinal
  }

  /** Whether further reports are expected. */
  get isExpected(): boolean {
    return this.#isExpected
  }

  /** The series so far. Limits may have given several of a journal the same name. */
  get table(): SeriesTable {
    return this.#table
  }

  get rows(): number {
    return this.#rows
  }

  /**
   * Take a report as the state of this incarnation, from a port, which delivers reports once and in
   * order, or from elsewhere. All states of an incarnation follow one another, so the one with more
   * rows is the later one, whatever its sequence says.
   *
   * @returns whether the report is new, neither repeated nor late
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `backwards`, when a count of it is less than
   * before; `journal` when its journal has other series or fewer rows; `range` for a sequence that is
   * too far from the last; nothing has changed then
   */
  accept(report: DecodedReport, isFromPort = false): boolean {
    const { sequence } = report
    const rows = countRows(report.series)
    if (!isFromPort && sequence <= this.#sequence && rows <= this.#rows) return false
    if (this.#sequence > 0 && sequence - this.#sequence > REPORTS_LOST_MAX) {
      const expected = `a sequence up to ${this.#sequence + REPORTS_LOST_MAX}`
      throw rejection('range', expected, sequence)
    }
    if (this.#journal?.holds(report.series) === false) {
      throw rejection('journal', 'the series of its journal and no more rows', report.series)
    }
    const series = this.#isJournalRead ? this.#laterSeries(report.series) : report.series
    const bucketCounts = series === report.series ? report.bucketCounts : undefined
    const reported = makeTable(this.#layout, this.#names, series, this.#table, bucketCounts)
    // Series of one name are added up, since a report may have many past the limits. Those of a
    // journal are not: each keeps its place in the journal.
    const isFromJournal = this.#journal !== undefined
    const table = isFromJournal ? reported : mergeTables(this.#layout, [reported])
    assertMonotonic(this.#layout, this.#table, table)
    this.#set(table)
    this.#sequence = sequence
    this.#isFinal = report.final
    this.#isExpected = report.isExpected ?? !report.final
    this.#reportedInFlight = (report.inFlight ?? []).map((count, index) => [
      reported.names[index].operation,
      count,
    ])
    return true
  }

  /**
   * Per series its operation, and the calls in flight that the journal or, without one, the newest
   * report has there; nothing after the last report.
   */
  *inFlight(): Generator<readonly [operation: string, count: number]> {
    const journal = this.#journal
    if (this.#isFinal) return
    if (journal === undefined) yield* this.#reportedInFlight
    else {
      for (const [index, { operation }] of this.#table.names.entries()) {
        yield [operation, journal.inFlightOf(index)]
      }
    }
  }

  /** Begin to read the journal; undefined where it has no new rows. */
  beginRead(): FirstReading | undefined {
    const { series } = this.#table
    return this.#journal?.hasNewRows(series) === true ? this.#journal.begin(series) : undefined
  }

  /**
   * Read the journal after `beginRead` and some time. A recorder at full speed may prevent it; then
   * the state stays as it was.
   *
   * @returns whether every row that was there at `beginRead` has been read
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `journal`
   */
  finishRead(first: FirstReading): boolean {
    // The incarnation may have ended meanwhile.
    if (this.#journal === undefined) return true
    const { series, isComplete } = this.#journal.read(this.#table.series, first)
    this.#takeJournal(series)
    return isComplete
  }

  /**
   * Read the journal for the last time, since the thread of its recorder has ended.
   *
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `journal`
   */
  readEnded(): void {
    this.#hasThreadEnded = true
    const series = this.#journal?.readEnded()
    if (series !== undefined) this.#takeJournal(series)
  }

  /**
   * Read the journal of a recorder whose thread the system may hold.
   *
   * @returns false where it runs: nothing was read
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `journal`
   */
  readHeld(): boolean {
    const series = this.#journal?.readHeld()
    if (series !== undefined) this.#takeJournal(series)
    return series !== undefined
  }

  /**
   * The durations in seconds of the rows from a number on, up to those of the table, by the series'
   * index.
   *
   * @param from rows of each series that are not wanted
   * @returns per series its durations, undefined where they are not all known
   */
  recentDurations(from: readonly number[]): (Float64Array | undefined)[] {
    const isEnded = this.#hasThreadEnded
    return this.#table.series.map(({ rows }, index) => {
      return this.#journal?.recentDurations(index, from[index] ?? 0, rows, isEnded)
    })
  }

  /** Per series, how many of its rows came before those whose durations its ring holds. */
  get recentStarts(): number[] {
    const max = recentRowsMax(this.#hasThreadEnded)
    return this.#table.series.map(({ rows }) => Math.max(0, rows - max))
  }

  /** Release the memory of the journal after the last read. */
  releaseJournal(): void {
    this.#journal = undefined
  }

  /** A report may have been made before the journal was read, or between the reads of two series. */
  #laterSeries(reported: readonly PackedSeries[]): readonly PackedSeries[] {
    const { series: known } = this.#table
    const isLater = (one: PackedSeries, index: number) => one.rows >= (known[index]?.rows ?? 0)
    if (reported.length >= known.length && reported.every(isLater)) return reported
    return Array.from({ length: Math.max(reported.length, known.length) }, (_, index) => {
      const one: PackedSeries | undefined = reported[index]
      return one !== undefined && isLater(one, index) ? one : known[index]
    })
  }

  #takeJournal(series: readonly PackedSeries[]): void {
    const { series: known } = this.#table
    const isSame = series.length === known.length && series.every((one, at) => one === known[at])
    if (isSame) return
    const table = makeTable(this.#layout, this.#names, series, this.#table)
    assertMonotonic(this.#layout, this.#table, table, 'journal')
    this.#isJournalRead = true
    this.#set(table)
  }

  #set(table: SeriesTable): void {
    this.#table = table
    this.#rows = countRows(table.series)
  }
}
