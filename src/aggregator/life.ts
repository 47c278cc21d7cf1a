import type { Journal, Writer } from '../journal/journal.js'
import type { CellLayout } from '../stats/cell-layout.js'
import type { ConnectorStats } from '../stats/connector-stats.js'
import type { EngineReading, SummedReading } from '../stats/engine-reading.js'
import { figuresOf } from '../stats/figures.js'
import type { SeriesLabelSet, SeriesLabels } from '../stats/series-labels.js'
import { countRows, type SeriesSnapshot } from '../stats/series-snapshot.js'
import type { Report } from '../wire/report.js'
import { assertForward, type LifeState } from './assert-forward.js'

/**
 * One life of an engine: the latest of its cumulative reports, and, where it records in this
 * process, its journal.
 */
export class Life {
  readonly incarnation: number
  readonly #layout: CellLayout
  readonly #journal: Journal | undefined
  /** The series, each named once, in an order that only ever gets longer at its end. */
  #state: LifeState
  #rows = 0
  /** Of the newest report that this state covers. */
  #sequence = 0
  /** The series as of the last log line. */
  #logged: readonly SeriesSnapshot[] = []
  /** The labels of the series; no two are the same unless limits have made them so. */
  #labels: readonly SeriesLabels[] = []
  #areLabelsDistinct = true

  constructor(incarnation: number, layout: CellLayout, journal?: Journal) {
    this.incarnation = incarnation
    this.#layout = layout
    this.#journal = journal
    this.#state = { series: [], figures: layout.figures.allocate(0) }
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
    assertForward(this.#layout.figures, this.#state, report)
    this.#sequence = report.sequence
    this.#set(report)
  }

  /**
   * Read the state of this life from its journal, where it has one. A recorder at full speed may
   * be in its way; then the state stays as it was.
   *
   * @param writer what its recorder does meanwhile
   */
  readJournal(writer: Writer): void {
    const series = this.#journal?.snapshot(writer)
    if (this.#journal === undefined || series === undefined) return
    this.#set({ series, figures: figuresOf(this.#layout, series) })
    // The journal has the word on names too, whatever was posted.
    this.#labels = []
    // A recorder numbers a report before it reads the journal for it. So reports up to the number
    // seen after this read may be behind it, and those that follow are not.
    this.#sequence = this.#journal.reportsPosted
  }

  /**
   * What an exposition shows of this life, or undefined where it has two series of one name.
   *
   * @param labels the names its series go by
   */
  read(labels: SeriesLabelSet): EngineReading | undefined {
    this.#label(labels)
    const { figures } = this.#state
    return this.#areLabelsDistinct ? { labels: this.#labels, figures } : undefined
  }

  /** Add what an exposition shows of this life to what it shows of others. */
  addReading(labels: SeriesLabelSet, reading: SummedReading): void {
    this.#label(labels)
    const { series, figures } = this.#state
    for (const [index, { durationSum }] of series.entries()) {
      reading.add(this.#labels[index], { figures, index, durationSum })
    }
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
    this.#logged = this.#state.series
  }

  #set({ series, figures }: LifeState): void {
    this.#state = { series, figures }
    this.#rows = countRows(series)
  }

  /** Name the series that have come since this was last called. */
  #label(labels: SeriesLabelSet): void {
    const { series } = this.#state
    if (this.#labels.length === series.length) return
    this.#labels = series.map(({ operation, status }) => labels.of(operation, status))
    this.#areLabelsDistinct = new Set(this.#labels).size === series.length
  }

  #addSince(
    earlier: readonly SeriesSnapshot[],
    stats: ConnectorStats,
    labels: SeriesLabelSet,
  ): void {
    for (const [index, series] of this.#state.series.entries()) {
      const since = earlier[index]
      const from = since?.rows ?? 0
      // A report may count keys without rows; only of an interval nothing is new then.
      if (since !== undefined && series.rows === from) continue
      const durations = this.#journal?.recentDurations(index, from, series.rows)
      const { operation, status } = labels.of(series.operation, series.status)
      stats.addSnapshot({ ...series, operation, status }, durations, since)
    }
  }
}
