import { MessageChannel } from 'node:worker_threads'
import { MoonmeterError } from '../errors.js'
import type { EngineLink } from '../journal/engine-link.js'
import { Journal, type Writer } from '../journal/journal.js'
import { JournalLayout } from '../journal/journal-layout.js'
import { engineIndex, refuseUnknownOptions } from '../options.js'
import type { MetricsRegistry } from '../prometheus/metrics-registry.js'
import { type AggregatorHealth, registerSelfMetrics } from '../prometheus/self-metrics.js'
import { registerStoreMetrics } from '../prometheus/store-metrics.js'
import { shielded } from '../shielded.js'
import type { EngineReading } from '../stats/engine-reading.js'
import { MooncakeStoreConnectorStats } from '../wire/mooncake-store-connector-stats.js'
import { decodePayload, type Payload } from '../wire/payload.js'
import { rejection } from '../wire/reject.js'
import {
  type AggregatorOptions,
  type AggregatorSettings,
  readOptions,
} from './aggregator-options.js'
import type { DisconnectOptions, IngestOptions, IngestResult } from './call-options.js'
import { Connection } from './connection.js'
import type { Engine, Moment } from './engine.js'
import { EngineTable } from './engine-table.js'
import { IntervalLog } from './interval-log.js'
import { Life } from './life.js'
import { Rejections } from './rejections.js'
import { Restarts } from './restarts.js'

/** Times per interval at which silent engines are looked for. */
const LOOKS_PER_INTERVAL = 4

/**
 * Gathers the stats of all engines on the main thread: latest reports of running lives, last words
 * of ended ones, payloads that came another way; and exposes them in a metrics registry.
 */
export class EngineAggregator {
  readonly #settings: AggregatorSettings
  readonly #journalLayout: JournalLayout
  readonly #engines: EngineTable
  readonly #rejections = new Rejections()
  readonly #restarts = new Restarts()
  readonly #intervalLog: IntervalLog
  readonly #timers: NodeJS.Timeout[] = []
  #closed = false

  /** @throws MoonmeterError `INVALID_OPTION` for an unknown option or one out of range */
  constructor(options: AggregatorOptions = {}) {
    const settings = readOptions(options)
    this.#settings = settings
    const { layout, registry, modelName, seriesMax, enginesMax, limits, stats, log } = settings
    this.#journalLayout = new JournalLayout(layout, seriesMax)
    this.#engines = new EngineTable(layout, limits, enginesMax)
    this.#intervalLog = new IntervalLog(stats, log)
    registerStoreMetrics(registry, modelName, layout, () => this.#collect())
    registerSelfMetrics(registry, () => this.#health())
    // Looked at more often than reports are due, so that none is late by a whole interval.
    const lookMs = Math.ceil(settings.intervalMs / LOOKS_PER_INTERVAL)
    this.#every(lookMs, () => {
      for (const connection of this.#silentConnections()) connection.askForReport()
    })
    this.#every(settings.logIntervalMs, () => {
      for (const { life } of this.#silentConnections()) life.readJournal('running')
      this.#intervalLog.flush(this.#engines.list())
    })
  }

  /** Where the metrics are registered. */
  get registry(): MetricsRegistry {
    return this.#settings.registry
  }

  /** The engine indices known, ascending. */
  get engines(): number[] {
    return this.#engines.indices
  }

  /**
   * Begin a life of an engine.
   *
   * @returns what the engine's thread needs for `createRecorder`; send it with its `transferList`
   * @throws MoonmeterError `INVALID_ENGINE`, also past `enginesMax`; `CLOSED`
   */
  connect(index: number): EngineLink {
    this.#assertOpen()
    const engine = this.#engines.ensure(engineIndex(index))
    const { port1, port2 } = new MessageChannel()
    const buffer = Journal.allocate(this.#journalLayout)
    const journal = new Journal(buffer, this.#journalLayout)
    const life = new Life(engine.nextIncarnation, this.#settings.layout, journal)
    const connection = new Connection(life, journal, port1, this.#settings.uptime(), {
      message: (message) => this.#receive(engine, connection, message),
      close: () => this.#end(engine, life, 'gone'),
    })
    engine.begin(life, connection, this.#settings.uptime())
    return {
      engine: index,
      incarnation: life.incarnation,
      journal: buffer,
      seriesMax: this.#settings.seriesMax,
      bounds: this.#settings.layout.bounds,
      intervalMs: this.#settings.intervalMs,
      port: port2,
      transferList: [port2],
    }
  }

  /**
   * Take a payload that came another way than by a link: rows in any of the reference's shapes, or
   * a report. An engine index seen for the first time is added. A payload that is refused changes
   * nothing and is counted by reason.
   *
   * @throws MoonmeterError `INVALID_ENGINE` when `engine` is no engine index, `CLOSED`
   */
  ingest(bytes: Uint8Array, options: IngestOptions = {}): IngestResult {
    this.#assertOpen()
    refuseUnknownOptions('ingest', options, ['engine'])
    const { engine } = options
    const index = engine === undefined ? undefined : engineIndex(engine)
    try {
      const payload = decodePayload(bytes, this.#settings)
      this.#accept(payload, bytes.length, index)
      return { accepted: true }
    } catch (error) {
      return { accepted: false, error: this.#reject(error) }
    }
  }

  /**
   * The stats of an engine so far, over all its lives, or those of everybody; read from the
   * journals, so right to the last record of whoever is not recording at this moment.
   *
   * @returns a new object; empty for an engine that is not known
   * @throws MoonmeterError `INVALID_ENGINE`
   */
  stats(index?: number): MooncakeStoreConnectorStats {
    if (index !== undefined) engineIndex(index)
    const stats = new MooncakeStoreConnectorStats(this.#settings.stats)
    for (const engine of this.#engines.list()) {
      if (index !== undefined && engine.index !== index) continue
      for (const { life } of engine.connections) life.readJournal('running')
      engine.addTo(stats)
    }
    return stats
  }

  /**
   * End the running lives of an engine with what they recorded so far. Its series stay as they are,
   * or are dropped; then the index is as one never seen, and starts from nothing when it connects
   * again.
   *
   * @throws MoonmeterError `INVALID_ENGINE`, `INVALID_OPTION`
   */
  disconnect(index: number, options: DisconnectOptions = {}): void {
    refuseUnknownOptions('disconnect', options, ['series'])
    const { series = 'keep' } = options
    if (series !== 'keep' && series !== 'drop') {
      throw new MoonmeterError(
        'INVALID_OPTION',
        `disconnect.series: expected 'keep' or 'drop', got '${String(series)}'`,
      )
    }
    const engine = this.#engines.find(engineIndex(index))
    if (engine === undefined) return
    this.#endConnections(engine)
    if (series !== 'drop') return
    this.#engines.delete(index)
    this.#restarts.delete(index)
  }

  /** Count that an engine is brought back; an `EnginePool` does. */
  noteRestart(index: number, reason: string): void {
    this.#restarts.add(engineIndex(index), reason)
  }

  /** Ask the running lives of an engine to stop; by `recorder.stopRequested` and `recorder.signal`. */
  requestStop(index: number): void {
    for (const connection of this.#engines.find(index)?.connections ?? []) connection.requestStop()
  }

  /**
   * End all lives with what they recorded so far, log the last interval and stop the timers. What
   * engines record afterwards is not seen, so stop them first. The metrics stay in the registry
   * and keep their values.
   */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const timer of this.#timers) clearInterval(timer)
    for (const engine of this.#engines.list()) this.#endConnections(engine)
    this.#intervalLog.flush(this.#engines.list())
  }

  #endConnections(engine: Engine): void {
    for (const connection of [...engine.connections]) {
      connection.close()
      this.#end(engine, connection.life, 'abandoned')
    }
  }

  #receive(engine: Engine, connection: Connection, message: unknown): void {
    try {
      const payload = decodePayload(message as Uint8Array, this.#settings)
      if (payload.kind !== 'report') throw rejection('shape', 'a report', payload.kind)
      const { report } = payload
      const { life } = connection
      if (report.engine !== engine.index || report.incarnation !== life.incarnation) {
        const expected = `a report of engine ${engine.index}, incarnation ${life.incarnation}`
        throw rejection('engine', expected, `${report.engine}, ${report.incarnation}`)
      }
      life.accept(report)
      const moment = this.#moment()
      engine.noteReport((message as Uint8Array).length, moment, report.final)
      connection.heard(moment.uptimeMs)
    } catch (error) {
      this.#reject(error)
    }
  }

  #accept(payload: Payload, bytes: number, index: number | undefined): void {
    const engine = this.#engines.addressee(payload, index)
    let final = false
    if (payload.kind === 'report') {
      const { report } = payload
      const life = engine.lifeOf(report.incarnation, (ended) =>
        this.#intervalLog.addLife(engine, ended),
      )
      // What a journal holds is known better here than by whoever handed in a report of it: it may
      // be late, or of another process that numbers its engines in the same way.
      if (life !== undefined && !life.hasJournal) {
        life.accept(report)
        final = report.final
      }
    } else {
      engine.addRows(payload.stats)
      this.#intervalLog.addRows(payload.stats)
    }
    engine.noteReport(bytes, this.#moment(), final)
  }

  #reject(error: unknown): MoonmeterError {
    const rejected = this.#rejections.add(error)
    shielded('onRejected', () => this.#settings.onRejected(rejected))
    return rejected
  }

  /** The last words of a life: its journal holds everything, whatever ended the thread. */
  #end(engine: Engine, life: Life, writer: Writer): void {
    life.readJournal(writer)
    this.#intervalLog.addLife(engine, life)
    engine.end(life)
  }

  #collect(): EngineReading[] {
    for (const { life } of this.#silentConnections()) life.readJournal('running')
    return this.#engines.list().map((engine) => engine.read())
  }

  /** Those that were not heard of for an interval, and so are behind. */
  *#silentConnections(): Generator<Connection> {
    const uptimeMs = this.#settings.uptime()
    for (const engine of this.#engines.list()) {
      for (const connection of engine.connections) {
        if (connection.isSilent(uptimeMs, this.#settings.intervalMs)) yield connection
      }
    }
  }

  #health(): AggregatorHealth {
    const { uptime, silentAfterMs } = this.#settings
    const uptimeMs = uptime()
    return {
      engines: this.#engines.list().map((engine) => engine.health(uptimeMs, silentAfterMs)),
      rejected: this.#rejections.counts,
      restarts: this.#restarts.counts,
    }
  }

  #moment(): Moment {
    return { nowMs: this.#settings.now(), uptimeMs: this.#settings.uptime() }
  }

  #every(ms: number, run: () => void): void {
    const timer = setInterval(run, ms)
    // Telemetry alone must not keep a process alive.
    timer.unref()
    this.#timers.push(timer)
  }

  #assertOpen(): void {
    if (!this.#closed) return
    throw new MoonmeterError('CLOSED', 'aggregator: expected no use after close(); make a new one')
  }
}
