import type { Journal } from '../journal/journal.js'
import type { ConnectorStats } from '../stats/connector-stats.js'
import type { SeriesLabelSet } from '../stats/series-labels.js'
import { countRows, type FoldedSnapshot } from '../stats/series-snapshot.js'
import type { Report } from '../wire/report.js'
import { assertForward } from './assert-forward.js'

/**
 * One life of an engine: the latest of its cumulative reports, and, where it records in this
 * process, its journal.
 */
export class Life {
  readonly incarnation: number
  readonly #journal: Journal | undefined
  #series: readonly FoldedSnapshot[] = []
  #rows = 0
  /** Of the newest report that this state covers. */
  #sequence = 0
  /** The series as of the last log line. */
  #logged: readonly FoldedSnapshot[] = []

  constructor(incarnation: number, journal?: Journal) {
    this.incarnation = incarnation
    this.#journal = journal
  }

  /** The series so far, each named once, in an order that only ever gets longer at its end. */
  get series(): readonly FoldedSnapshot[] {
    return this.#series
  }

  /** Whether its rows are in a journal, whatever else is said of it. */
  get hasJournal(): boolean {
    return this.#journal !== undefined
  }

  /** Number of rows so far. */
  get rows(): number {
    return this.#rows
  }

  /**
   * Take a report for the state of this life, unless this state is newer.
   *
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `backwards`, when the report is newer and yet
   * counts less somewhere; nothing has changed then
   */
  accept(report: Report): void {
    if (report.sequence <= this.#sequence) return
    assertForward(this.#series, report.series)
    this.#sequence = report.sequence
    this.#series = report.series
    this.#rows = countRows(report.series)
  }

  /**
   * Read the state of this life from its journal, where it has one. A recorder at full speed may
   * be in its way; then the state stays as it was.
   *
   * @param final whether the recorder is gone
   */
  readJournal(final: boolean): void {
    const series = this.#journal?.snapshot(final)
    if (this.#journal === undefined || series === undefined) return
    this.#series = series
    this.#rows = countRows(series)
    // A recorder numbers a report before it reads the journal for it. So reports up to the number
    // seen after this read may be behind it, and those that follow are not.
    this.#sequence = this.#journal.reportsPosted
  }

  /**
   * Add all rows of this life to stats.
   *
   * @param labels the names its series go by
   */
  addTo(stats: ConnectorStats, labels: SeriesLabelSet): void {
    this.#addSince([], stats, labels)
  }

  /** Add the rows since the last time this was called to stats. */
  takeInterval(stats: ConnectorStats, labels: SeriesLabelSet): void {
    this.#addSince(this.#logged, stats, labels)
    this.#logged = this.#series
  }

  #addSince(
    earlier: readonly FoldedSnapshot[],
    stats: ConnectorStats,
    labels: SeriesLabelSet,
  ): void {
    for (const [index, series] of this.#series.entries()) {
      const since = earlier[index]
      const from = since?.rows ?? 0
      if (series.rows === from) continue
      const durations = this.#journal?.recentDurations(index, from, series.rows)
      const { operation, status } = labels.of(series.operation, series.status)
      stats.addSnapshot({ ...series, operation, status }, durations, since)
    }
  }
}
