import { readClock } from '../call-safely.js'
import type { MoonmeterError } from '../errors.js'
import type { JournalReader } from '../journal/journal-reader.js'
import type { ColumnLayout } from '../snapshot/column-layout.js'
import type { SeriesLimits } from '../snapshot/series-names.js'
import { Snapshot } from '../snapshot/snapshot.js'
import { SourceSnapshot } from '../snapshot/source-snapshot.js'
import type { ConnectorStats, ConnectorStatsOptions } from '../stats/connector-stats.js'
import { decodePayload, type PayloadOptions } from '../wire/payload.js'
import { rejection } from '../wire/rejection.js'
import type { DecodedReport } from '../wire/report.js'
import type { RestartCounts } from '../wire/report-restarts.js'
import type { Incarnation } from './incarnation.js'
import type { IngestOptions, IngestResult } from './ingest-options.js'
import { type LocalIncarnation, readJournals, runBlocking } from './journal-reads.js'
import {
  type DurationCursor,
  type DurationsBySeries,
  RecentDurations,
  START,
} from './recent-durations.js'
import { Rejections } from './rejections.js'
import type { Moment, Source } from './source.js'
import { type SourceSettings, SourceTable } from './source-table.js'
import { Totals } from './totals.js'

/** The state of a source, merged by the caller from its incarnations. */
export interface SourceState {
  /** Everything that the source counted, as one report. */
  readonly report: DecodedReport
  /** Bytes of the payloads that the state was merged from. */
  readonly bytes: number
  /** Age of the newest of these payloads, in milliseconds. */
  readonly ageMs: number
  /** When the source began to count, in milliseconds since 1970. */
  readonly createdMs: number
  /** Restarts of the engine by the pools of its processes; undefined for none. */
  readonly restarts: RestartCounts | undefined
}

/** Highest number of a remote incarnation; local incarnations get the numbers after the newest. */
const INCARNATION_MAX = Number.MAX_SAFE_INTEGER - 2 ** 32
/**
 * Remote incarnations that are kept apart, over all sources, so that a late report can replace the
 * state of its incarnation. Each counts as the number of its series plus one. With 12 series these
 * are 1,260 incarnations of one engine, or 19 of each of 64 engines.
 */
const KEPT_MAX = 16_384

export interface AggregationSettings extends SourceSettings {
  /** Whether scrapes show each engine, or the sums over all. */
  readonly perEngine: boolean
  readonly payloadBytesMax: number
  /** Milliseconds without a report after which a live journal is read. */
  readonly intervalMs: number
  /** Milliseconds without a report after which an engine is not up. */
  readonly silentAfterMs: number
  /** The wall clock, in milliseconds since 1970. */
  readonly now: () => number
  /** A monotonic clock, in milliseconds. */
  readonly monotonicNow: () => number
  /** Called with each rejection. */
  readonly onRejected: (error: MoonmeterError) => void
  /** Limits of the stats that rows are decoded into. */
  readonly stats: ConnectorStatsOptions
  /**
   * Maximum number of single durations kept of ended incarnations and ingested rows, over all
   * sources.
   */
  readonly durationsMax: number
  /** Called when half of `durationsMax` was added since an interval was last read. */
  readonly onDurationsFull?: () => void
}

/**
 * The sources and their incarnations: takes reports, rows and journals, and produces snapshots. It
 * contains no transport and no exposition.
 */
export class Aggregation {
  readonly #settings: AggregationSettings
  readonly #recent: RecentDurations
  readonly #sources: SourceTable
  readonly #rejections: Rejections
  readonly #totals: Totals | undefined
  readonly #startMs: number
  /** The latest time of the monotonic clock: finite, so that differences of times are finite. */
  #monotonicMs = -Number.MAX_VALUE

  constructor(settings: AggregationSettings) {
    this.#settings = settings
    this.#rejections = new Rejections(settings.onRejected)
    this.#recent = new RecentDurations(settings.durationsMax)
    const { nowMs, monotonicMs } = this.#moment()
    this.#sources = new SourceTable(settings, this.#recent, nowMs)
    this.#startMs = monotonicMs
    const { layout, operations, perEngine } = settings
    if (!perEngine) this.#totals = new Totals(layout, operations, nowMs)
  }

  /** The columns of each source's numbers, which depend on the enabled metrics. */
  get layout(): ColumnLayout {
    return this.#settings.layout
  }

  /** Milliseconds without a report after which an engine is not up. */
  get silentAfterMs(): number {
    return this.#settings.silentAfterMs
  }

  /** Maximum size of a payload in bytes. */
  get payloadBytesMax(): number {
    return this.#settings.payloadBytesMax
  }

  /** Options of the decoding of payloads. */
  get decoding(): Required<PayloadOptions> {
    const { stats, payloadBytesMax, layout } = this.#settings
    return { stats, payloadBytesMax, hasExtras: layout.hasExtras }
  }

  /** Maximum numbers of operations and statuses of an engine. */
  get limits(): SeriesLimits {
    return this.#settings.limits
  }

  /** The engine indices known, ascending. */
  get engines(): number[] {
    return this.#sources.engines
  }

  /**
   * Begin an incarnation of an engine that records into a journal of this process.
   *
   * @throws MoonmeterError `INVALID_ENGINE` past the limit on engines
   */
  begin(engine: number, journal: JournalReader): LocalIncarnation {
    const moment = this.#moment()
    const source = this.#sources.ensure(engine, moment.nowMs)
    return { source, incarnation: source.begin(journal, moment) }
  }

  /** Accept a message that a local incarnation sent. */
  receive({ source, incarnation }: LocalIncarnation, message: unknown): void {
    this.#rejections.guard(() => {
      const payload = decodePayload(message, this.decoding)
      if (payload.kind !== 'report') throw rejection('shape', 'a report', payload.kind)
      const { report } = payload
      const { instance, engine } = source.key
      const isOwn =
        report.instance === instance &&
        report.engine === engine &&
        report.incarnation === incarnation.number
      if (!isOwn) {
        const expected = `a report of engine ${engine}, incarnation ${incarnation.number}`
        throw rejection('engine', expected, `${report.engine}, ${report.incarnation}`)
      }
      source.acceptLocal(incarnation, report, payload.byteLength, this.#moment())
    })
  }

  /** Accept a payload of another process. */
  ingest(bytes: unknown, options: IngestOptions): IngestResult {
    const error = this.#rejections.guard(() => {
      const payload = decodePayload(bytes, this.decoding)
      if (payload.kind === 'report') {
        this.#ingestReport(payload.report, payload.byteLength, options)
      } else this.addRows(payload.stats, payload.byteLength, options)
    })
    return error === undefined ? { accepted: true } : { accepted: false, error }
  }

  /**
   * Accept the state of a source of another process.
   *
   * @throws MoonmeterError `INVALID_PAYLOAD` if the state is rejected, which the caller counts by
   * `reject`; nothing has changed then
   */
  takeState({ report, bytes, ageMs, createdMs, restarts }: SourceState): void {
    const { nowMs, monotonicMs } = this.#moment()
    const moment = { nowMs: nowMs - ageMs, monotonicMs: monotonicMs - ageMs }
    this.#takeReport(report, bytes, moment, createdMs).setRestarts(restarts)
  }

  /**
   * Count rows of an engine that belong to no incarnation.
   *
   * @param bytes size of the payload of the rows
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `engine`, without an engine index
   */
  addRows(stats: ConnectorStats, bytes: number, { engine, instance }: IngestOptions): void {
    if (engine === undefined) {
      throw rejection('engine', 'ingest(bytes, { engine }) for a payload without an index', engine)
    }
    this.#makeRoom()
    const moment = this.#moment()
    const source = this.#sources.add(engine, instance, moment.nowMs) ?? this.#sources.other
    source.addRows(stats, bytes, moment)
  }

  /**
   * Read the journals of running incarnations.
   *
   * @returns the incarnations whose rows at the time of the call were not all read: their recorders
   * run at full speed, or the system suspended their threads
   */
  readRunning(locals: readonly LocalIncarnation[]): readonly LocalIncarnation[] {
    return runBlocking(this.#reads(locals))
  }

  /**
   * Read the journal of an incarnation if the system suspended its thread within a row or a fold.
   *
   * @returns false if the thread runs; nothing was read then
   */
  readHeld({ incarnation }: LocalIncarnation): boolean {
    let isHeld = true
    this.#rejections.guard(() => {
      isHeld = incarnation.readHeld()
    })
    return isHeld
  }

  /**
   * End a local incarnation.
   *
   * @param journal `read`: the last read was done; `ended`: the thread has ended, so the journal is
   * read here
   */
  end({ source, incarnation }: LocalIncarnation, journal: 'read' | 'ended'): void {
    this.#makeRoom()
    if (journal === 'ended') this.#rejections.guard(() => incarnation.readEnded())
    source.end(incarnation, journal !== 'ended')
  }

  /** Count a payload that the caller rejected. Other errors are thrown. */
  reject(error: unknown): void {
    this.#rejections.guard(() => {
      throw error
    })
  }

  drop(engine: number, instance: string | undefined): void {
    const source = this.#sources.find(engine, instance)
    if (source !== undefined && this.#totals !== undefined) {
      const health = source.health(this.#moment(), this.#settings.silentAfterMs)
      this.#totals.drop({ table: source.table, health })
    }
    this.#sources.delete(engine, instance)
  }

  /** Count that the pool restarts an engine. */
  noteRestart(engine: number, reason: string): void {
    this.#sources.add(engine, undefined, this.#moment().nowMs)?.noteRestart(reason)
  }

  /** Note that an engine failed and is not restarted. */
  noteFailure(engine: number): void {
    this.#sources.find(engine, undefined)?.noteFailure()
  }

  /** Whether an engine has no running local incarnation and no kept remote one. */
  isFree(engine: number): boolean {
    return [...(this.#sources.find(engine, undefined)?.incarnations ?? [])].length === 0
  }

  /** Whether an engine is known, or the limit on engines permits another one. */
  hasRoomFor(engine: number, instance: string | undefined): boolean {
    const isKnown = this.#sources.find(engine, instance) !== undefined
    return isKnown || this.#sources.size < this.#settings.enginesMax
  }

  /** Whether a local incarnation has not reported within the interval, so that its state is old. */
  isSilent({ incarnation }: LocalIncarnation): boolean {
    return this.#isSilent(incarnation, this.#moment().monotonicMs)
  }

  /** Read the journals of engines that are silent, in the steps of `readJournals`. */
  readSilent(): Iterable<number | undefined> {
    const { monotonicMs } = this.#moment()
    const isSilent = ({ incarnation }: LocalIncarnation) => this.#isSilent(incarnation, monotonicMs)
    return this.#reads([...this.#local()].filter(isSilent))
  }

  /**
   * Read the journals of all engines, or those of silent ones if there are more than `enginesMax`.
   */
  readLive(enginesMax: number): Iterable<number | undefined> {
    const locals = [...this.#local()]
    return locals.length > enginesMax ? this.readSilent() : this.#reads(locals)
  }

  /**
   * Read all journals, so that a snapshot contains every row of engines that record nothing
   * meanwhile. Blocks the thread for `STORES_VISIBLE_MS` if there are rows that are not folded.
   */
  readJournals(): void {
    runBlocking(this.#reads([...this.#local()]))
  }

  /**
   * The state of all engines after their latest reports and reads of their journals.
   *
   * @param isWanted selects sources; default all
   * @param durations single durations that the snapshot carries
   */
  snapshot(
    isWanted: (source: Source) => boolean = () => true,
    durations?: DurationsBySeries,
  ): Snapshot {
    const moment = this.#moment()
    const { layout, silentAfterMs } = this.#settings
    const sources: SourceSnapshot[] = []
    for (const source of this.#sources.list()) {
      if (!isWanted(source)) continue
      const { key, table, exemplars, inFlight } = source
      const health = source.health(moment, silentAfterMs)
      sources.push(
        new SourceSnapshot({ key, layout, table, health, exemplars, inFlight, durations }),
      )
    }
    return new Snapshot({
      layout,
      timestampMs: moment.nowMs,
      elapsedMs: moment.monotonicMs - this.#startMs,
      sources,
      rejections: this.#rejections.counts,
    })
  }

  /**
   * The snapshot for a scrape, taken in the first step: with the sums over all engines in place of
   * the engines if `perEngine` is false.
   */
  *scrape(): Generator<void, Snapshot> {
    const snapshot = this.snapshot()
    if (this.#totals === undefined) return snapshot
    return snapshot.withTotal(yield* this.#totals.sum(snapshot.sources))
  }

  /**
   * A snapshot with all single durations that are known.
   *
   * @param engine selects this engine of all instances; default all engines
   */
  detailedSnapshot(engine?: number): Snapshot {
    const isWanted = ({ key }: Source) => engine === undefined || key.engine === engine
    return this.snapshot(isWanted, this.#recent.since(START, this.#incarnations()))
  }

  /**
   * A reader of intervals with single durations. Each call reads the rows since the previous call,
   * or since the reader was created. It returns steps, one per source, that add these rows to
   * stats. Rows that are counted meanwhile belong to the next call.
   */
  intervalReader(): (stats: ConnectorStats) => Iterable<void> {
    let earlier = this.snapshot()
    let cursor: DurationCursor = this.#recent.cursor(this.#incarnations())
    return (stats) => {
      const durations = this.#recent.since(cursor, this.#incarnations())
      cursor = this.#recent.cursor(this.#incarnations())
      const later = this.snapshot(undefined, durations)
      const steps = later.addIntervalTo(stats, earlier)
      earlier = later
      return steps
    }
  }

  #reads(locals: readonly LocalIncarnation[]) {
    return readJournals(locals, (read) => this.#rejections.guard(read))
  }

  /** Let the listener read the single durations before the oldest are dropped. */
  #makeRoom(): void {
    if (this.#recent.isHalfUnread) this.#settings.onDurationsFull?.()
  }

  #ingestReport(report: DecodedReport, bytes: number, { engine, instance }: IngestOptions): void {
    if (engine !== undefined && report.engine !== engine) {
      throw rejection('engine', `a report of engine ${engine}`, report.engine)
    }
    if (instance !== undefined && report.instance !== instance) {
      throw rejection('engine', `a report of instance ${instance}`, report.instance)
    }
    if (report.incarnation > INCARNATION_MAX) {
      throw rejection('range', `an incarnation up to ${INCARNATION_MAX}`, report.incarnation)
    }
    const moment = this.#moment()
    this.#takeReport(report, bytes, moment, moment.nowMs)
  }

  #takeReport(report: DecodedReport, bytes: number, moment: Moment, createdMs: number): Source {
    const { engine: index, instance: name } = report
    const isNew = this.#sources.find(index, name) === undefined
    const source = this.#sources.add(index, name, createdMs)
    if (source === undefined) {
      // Rows of several engines can be added up. A report is the state of one engine, which is kept
      // apart.
      const expected = `at most ${this.#settings.enginesMax} engines (enginesMax)`
      throw rejection('engine', expected, index)
    }
    const keptMax = Math.floor(KEPT_MAX / this.#sources.size)
    try {
      source.acceptRemote(report, bytes, moment, keptMax)
      return source
    } catch (error) {
      // A rejected report must not add an engine.
      if (isNew) this.#sources.delete(index, name)
      throw error
    }
  }

  *#local(): Generator<LocalIncarnation> {
    for (const source of this.#sources.list()) {
      for (const incarnation of source.incarnations) {
        if (incarnation.hasJournal) yield { source, incarnation }
      }
    }
  }

  *#incarnations(): Generator<Incarnation> {
    for (const { incarnation } of this.#local()) yield incarnation
  }

  #isSilent(incarnation: Incarnation, monotonicMs: number): boolean {
    return monotonicMs - incarnation.lastSeenMs >= this.#settings.intervalMs
  }

  #moment(): Moment {
    const { now, monotonicNow } = this.#settings
    const monotonicMs = readClock('monotonicNow', monotonicNow)
    // The caller's clock may go back, or return no valid time.
    if (monotonicMs > this.#monotonicMs && monotonicMs < Infinity) this.#monotonicMs = monotonicMs
    const nowMs = readClock('now', now)
    return {
      nowMs: Number.isFinite(nowMs) ? nowMs : Date.now(),
      monotonicMs: this.#monotonicMs,
    }
  }
}
