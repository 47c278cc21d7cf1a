import type { Journal, Writer } from '../journal/journal.js'
import { RECENT_ROWS } from '../journal/journal-layout.js'
import type { ColumnLayout } from '../snapshot/column-layout.js'
import type { SeriesNames } from '../snapshot/series-names.js'
import { EMPTY_TABLE, makeTable, type SeriesTable } from '../snapshot/series-table.js'
import { countRows } from '../stats/packed-series.js'
import type { DecodedReport } from '../wire/report.js'
import { assertMonotonic } from './assert-monotonic.js'

/**
 * One incarnation of an engine: its latest cumulative report, and its journal where it records in
 * this process.
 */
export class Incarnation {
  /** A later incarnation of the engine has a larger number. */
  readonly number: number
  readonly #layout: ColumnLayout
  readonly #names: SeriesNames
  #journal: Journal | undefined
  /** The series, each in its place: new ones only come behind them. */
  #table: SeriesTable = EMPTY_TABLE
  #rows = 0
  /** Of the newest report that the table covers. */
  #sequence = 0
  /** Of the newest report that was accepted. */
  #reported = 0
  #isEnded = false
  /** When it last reported or began, by the monotonic clock; only kept with a journal. */
  lastSeenMs = Number.NEGATIVE_INFINITY

  /** @param names of the source's series */
  constructor(number: number, layout: ColumnLayout, names: SeriesNames, journal?: Journal) {
    this.number = number
    this.#layout = layout
    this.#names = names
    this.#journal = journal
  }

  get hasJournal(): boolean {
    return this.#journal !== undefined
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** The series so far. Limits may have given several of them the same name. */
  get table(): SeriesTable {
    return this.#table
  }

  get rows(): number {
    return this.#rows
  }

  /** Whether this report or a newer one was accepted before. */
  isDuplicate({ sequence }: DecodedReport): boolean {
    return sequence <= this.#reported
  }

  /**
   * Take a report as the state of this incarnation, unless its journal was read since.
   *
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `backwards`, when a count of it is less than
   * before; nothing has changed then
   */
  accept({ sequence, final, series, bucketCounts }: DecodedReport): void {
    if (sequence > this.#sequence) {
      const table = makeTable(this.#layout, this.#names, series, this.#table, bucketCounts)
      assertMonotonic(this.#layout, this.#table, table)
      this.#sequence = sequence
      this.#set(table)
    }
    this.#reported = sequence
    this.#isEnded = final
  }

  /**
   * Read the state of this incarnation from its journal, where it has one. A recorder at full speed
   * may prevent a consistent read; then the state stays as it was.
   *
   * @returns whether the state changed
   */
  readJournal(writer: Writer): boolean {
    const journal = this.#journal
    if (journal === undefined) return false
    const { series: known } = this.#table
    const isLive = writer === 'live'
    if (isLive && !journal.hasNewRows(known)) return false
    const series = journal.read(writer, isLive ? known : [])
    if (series === undefined) return false
    this.#set(makeTable(this.#layout, this.#names, series, this.#table))
    // A recorder numbers a report before it reads the journal for it. So reports up to the number
    // seen after this read may be older than it, and those that follow are not.
    this.#sequence = journal.reportsSent
    return true
  }

  /**
   * The durations in seconds of the rows from a number on, up to those of the table, by the series'
   * index: the last 2,047 at most.
   *
   * @param from rows of each series that are not wanted
   * @returns per series its durations, undefined where they are not all known
   */
  recentDurations(from: readonly number[]): (Float64Array | undefined)[] {
    return this.#table.series.map(({ rows }, index) => {
      return this.#journal?.recentDurations(index, from[index] ?? 0, rows)
    })
  }

  /** The number of rows of each series that its recent durations begin with. */
  get recentStarts(): number[] {
    return this.#table.series.map(({ rows }) => Math.max(0, rows - RECENT_ROWS + 1))
  }

  /** Release the memory of the journal after the last read. */
  releaseJournal(): void {
    this.#journal = undefined
  }

  #set(table: SeriesTable): void {
    this.#table = table
    this.#rows = countRows(table.series)
  }
}
