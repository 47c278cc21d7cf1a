import { type FirstReading, type JournalReader, recentRowsMax } from '../journal/journal-reader.js'
import type { ColumnLayout } from '../snapshot/column-layout.js'
import type { SeriesNames } from '../snapshot/series-names.js'
import { EMPTY_TABLE, makeTable, mergeTables, type SeriesTable } from '../snapshot/series-table.js'
import { countRows, type PackedSeries } from '../stats/packed-series.js'
import { rejection } from '../wire/rejection.js'
import type { DecodedReport } from '../wire/report.js'
import { assertMonotonic } from './assert-monotonic.js'

/** Maximum gap between sequences of accepted reports: 24 days at one report per millisecond. */
const REPORTS_LOST_MAX = 2 ** 31

/** One incarnation of an engine: its latest cumulative report, and its journal if it is local. */
export class Incarnation {
  /** Later incarnations of an engine have larger numbers. */
  readonly number: number
  readonly #layout: ColumnLayout
  readonly #names: SeriesNames
  #journal: JournalReader | undefined
  #isJournalRead = false
  #hasThreadEnded = false
  /** The series. Each keeps its place; new ones are appended. */
  #table: SeriesTable = EMPTY_TABLE
  #rows = 0
  /** The sequence of the newest accepted report. */
  #sequence = 0
  #isFinal = false
  #isExpected = true
  /** The calls in flight of each series in the newest report, with its operation. */
  #reportedInFlight: readonly (readonly [operation: string, count: number])[] = []
  /** The time of the last report, or of the begin, by the monotonic clock. */
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

  /** Whether its last report was accepted. */
  get isFinal(): boolean {
    return this.#isFinal
  }

  /** Whether further reports are expected. */
  get isExpected(): boolean {
    return this.#isExpected
  }

  /**
   * The series so far. Several series of a journal may have the same name, because of the limits.
   */
  get table(): SeriesTable {
    return this.#table
  }

  get rows(): number {
    return this.#rows
  }

  /**
   * Replace the state of this incarnation by that of a report. A port delivers reports once and in
   * order; other transports may not. Since states only grow, the state with more rows is the later
   * one, even if its sequence is lower.
   *
   * @returns whether the report is new: neither repeated nor late
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `backwards`, when a count is less than before;
   * `journal` when the journal has other series or fewer rows; `range` when the sequence is too far
   * from the last one; nothing has changed then
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
    // Series with the same name are added up, since a report may have many past the limits. Series
    // of a journal are not, because each keeps its place in the journal.
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
   * The calls in flight of each series, with its operation: from the journal, or from the newest
   * report without a journal. Yields nothing after the last report.
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

  /** Begin to read the journal; undefined if it has no new rows. */
  beginRead(): FirstReading | undefined {
    const { series } = this.#table
    return this.#journal?.hasNewRows(series) === true ? this.#journal.begin(series) : undefined
  }

  /**
   * Finish the read of the journal, at least `STORES_VISIBLE_MS` after `beginRead`. If a recorder
   * at full speed prevents the read, the state does not change.
   *
   * @returns whether every row that was in the journal at `beginRead` has been read
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
   * Read the journal of a recorder if the system suspended its thread.
   *
   * @returns false if the thread runs; nothing was read then
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `journal`
   */
  readHeld(): boolean {
    const series = this.#journal?.readHeld()
    if (series !== undefined) this.#takeJournal(series)
    return series !== undefined
  }

  /**
   * The recent durations of each series in seconds, up to the last row of the table.
   *
   * @param from per series, the number of its first rows to leave out
   * @returns per series its durations; undefined if not all of them are known
   */
  recentDurations(from: readonly number[]): (Float64Array | undefined)[] {
    const isEnded = this.#hasThreadEnded
    return this.#table.series.map(({ rows }, index) => {
      return this.#journal?.recentDurations(index, from[index] ?? 0, rows, isEnded)
    })
  }

  /** Per series, the number of its rows whose durations the ring no longer holds. */
  get recentStarts(): number[] {
    const max = recentRowsMax(this.#hasThreadEnded)
    return this.#table.series.map(({ rows }) => Math.max(0, rows - max))
  }

  /** Release the memory of the journal after the last read. */
  releaseJournal(): void {
    this.#journal = undefined
  }

  /**
   * Per series, the report's state or the current one, whichever has more rows: the report may be
   * older than the last read of the journal.
   */
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
