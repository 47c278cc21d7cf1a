import { MessageChannel } from 'node:worker_threads'
import { MoonmeterError } from '../errors.js'
import type { EngineLink } from '../journal/engine-link.js'
import { Journal } from '../journal/journal.js'
import { JournalLayout } from '../journal/journal-layout.js'
import { engineIndex } from '../options.js'
import type { MetricsRegistry } from '../prometheus/metrics-registry.js'
import { type AggregatorHealth, registerSelfMetrics } from '../prometheus/self-metrics.js'
import { StoreMetrics } from '../prometheus/store-metrics.js'
import { ConnectorStats } from '../stats/connector-stats.js'
import type { EngineSeries } from '../stats/series-reading.js'
import { MooncakeStoreConnectorStats } from '../wire/mooncake-store-connector-stats.js'
import { decodePayload, type Payload } from '../wire/payload.js'
import { rejection } from '../wire/reject.js'
import {
  type AggregatorOptions,
  type AggregatorSettings,
  readOptions,
} from './aggregator-options.js'
import { Connection } from './connection.js'
import { Engine } from './engine.js'
import { KVConnectorLogging } from './kv-connector-logging.js'
import { Life } from './life.js'
import { Rejections } from './rejections.js'

/** What became of a payload. */
export type IngestResult =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly error: MoonmeterError }

/**
 * Gathers the stats of all engines on the main thread: latest reports of running lives, last words
 * of ended ones, payloads that came another way; and exposes them in a metrics registry.
 */
export class EngineAggregator {
  readonly #settings: AggregatorSettings
  readonly #journalLayout: JournalLayout
  readonly #engines = new Map<number, Engine>()
  readonly #rejections = new Rejections()
  readonly #logging: KVConnectorLogging | undefined
  readonly #timers: NodeJS.Timeout[] = []
  #closed = false

  /** @throws MoonmeterError `INVALID_OPTION` for an unknown option or one out of range */
  constructor(options: AggregatorOptions = {}) {
    const settings = readOptions(options)
    this.#settings = settings
    const { layout, registry, modelName, seriesMax, log } = settings
    this.#journalLayout = new JournalLayout(layout, seriesMax)
    new StoreMetrics(registry, modelName, layout, () => this.#collect())
    registerSelfMetrics(registry, () => this.#health())
    this.#every(settings.intervalMs, () => this.#askSilentEngines())
    if (log !== undefined) {
      this.#logging = new KVConnectorLogging({ log })
      this.#every(settings.logIntervalMs, () => this.#logInterval())
    }
  }

  /** Where the metrics are registered. */
  get registry(): MetricsRegistry {
    return this.#settings.registry
  }

  /** The engine indices known, ascending. */
  get engines(): number[] {
    return [...this.#engines.keys()].sort((left, right) => left - right)
  }

  /**
   * Begin a life of an engine.
   *
   * @returns what the engine's thread needs for `createRecorder`; send it with its `transferList`
   * @throws MoonmeterError `INVALID_ENGINE`, also past `enginesMax`; `CLOSED`
   */
  connect(index: number): EngineLink {
    this.#assertOpen()
    const engine = this.#engine(engineIndex(index))
    const { port1, port2 } = new MessageChannel()
    const buffer = Journal.allocate(this.#journalLayout)
    const journal = new Journal(buffer, this.#journalLayout)
    const life = new Life(engine.nextIncarnation, journal)
    const connection = new Connection(life, journal, port1, this.#settings.now(), {
      message: (message) => this.#receive(engine, connection, message),
      close: () => this.#end(engine, life),
    })
    engine.begin(life, connection)
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
  ingest(bytes: Uint8Array, { engine }: { readonly engine?: number } = {}): IngestResult {
    this.#assertOpen()
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
   * journals, so right to the last record.
   *
   * @returns a new object; empty for an engine that is not known
   * @throws MoonmeterError `INVALID_ENGINE`
   */
  stats(index?: number): MooncakeStoreConnectorStats {
    const stats = new MooncakeStoreConnectorStats({ layout: this.#settings.layout })
    const known = index === undefined ? undefined : this.#engines.get(engineIndex(index))
    const engines = index === undefined ? this.#sorted() : known === undefined ? [] : [known]
    for (const engine of engines) {
      for (const { life } of engine.connections) life.readJournal()
      engine.addTo(stats)
    }
    return stats
  }

  /** Ask the running lives of an engine to stop; by `recorder.stopRequested` and `recorder.signal`. */
  requestStop(index: number): void {
    for (const connection of this.#engines.get(index)?.connections ?? []) connection.requestStop()
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
    for (const engine of this.#engines.values()) {
      for (const connection of [...engine.connections]) {
        connection.close()
        this.#end(engine, connection.life)
      }
    }
    this.#logInterval()
  }

  #receive(engine: Engine, connection: Connection, message: unknown): void {
    try {
      const payload = decodePayload(message as Uint8Array, this.#settings)
      const { incarnation } = connection.life
      if (payload.kind !== 'report') throw rejection('shape', 'a report', payload.kind)
      if (payload.report.incarnation !== incarnation) {
        const { incarnation: got } = payload.report
        throw rejection('engine', `a report of incarnation ${incarnation}`, got)
      }
      this.#accept(payload, (message as Uint8Array).length, engine.index)
      connection.heard(this.#settings.now())
    } catch (error) {
      this.#reject(error)
    }
  }

  #accept(payload: Payload, bytes: number, index: number | undefined): void {
    const final = payload.kind === 'report' && payload.report.final
    const engine = this.#addressee(payload, index)
    if (payload.kind === 'report') {
      const { report } = payload
      engine.lifeOf(report.incarnation, (life) => this.#logLife(life))?.accept(report)
    } else {
      engine.addRows(payload.stats)
      this.#logging?.observe(payload.stats)
    }
    engine.noteReport(bytes, this.#settings.now(), final)
  }

  #addressee(payload: Payload, index: number | undefined): Engine {
    const named = payload.kind === 'report' ? payload.report.engine : index
    if (named === undefined) {
      throw rejection('engine', 'ingest(bytes, { engine }) for a payload that names none', index)
    }
    if (index !== undefined && named !== index) {
      throw rejection('engine', `a report of engine ${index}`, named)
    }
    const { enginesMax } = this.#settings
    if (!this.#engines.has(named) && this.#engines.size >= enginesMax) {
      throw rejection('engine', `at most ${enginesMax} engines (enginesMax)`, named)
    }
    return this.#engine(named)
  }

  #reject(error: unknown): MoonmeterError {
    const rejected = this.#rejections.add(error)
    this.#settings.onRejected(rejected)
    return rejected
  }

  #engine(index: number): Engine {
    const known = this.#engines.get(index)
    if (known !== undefined) return known
    const { enginesMax, layout } = this.#settings
    if (this.#engines.size >= enginesMax) {
      throw new MoonmeterError(
        'INVALID_ENGINE',
        `engine ${index}: expected at most ${enginesMax} engines, got one more; raise enginesMax`,
      )
    }
    const engine = new Engine(index, layout)
    this.#engines.set(index, engine)
    return engine
  }

  /** The last words of a life: its journal holds everything, whatever ended the thread. */
  #end(engine: Engine, life: Life): void {
    life.readJournal()
    this.#logLife(life)
    engine.end(life)
  }

  #logLife(life: Life): void {
    if (this.#logging === undefined) return
    const stats = new ConnectorStats({ layout: this.#settings.layout })
    life.takeInterval(stats)
    this.#logging.observe(stats)
  }

  #logInterval(): void {
    for (const engine of this.#sorted()) for (const life of engine.lives) this.#logLife(life)
    this.#logging?.log()
  }

  #askSilentEngines(): void {
    const nowMs = this.#settings.now()
    for (const engine of this.#engines.values()) {
      for (const connection of engine.connections) {
        if (connection.isSilent(nowMs, this.#settings.intervalMs)) connection.askForReport()
      }
    }
  }

  #collect(): EngineSeries[] {
    const nowMs = this.#settings.now()
    return this.#sorted().flatMap((engine) => {
      for (const connection of engine.connections) {
        if (connection.isSilent(nowMs, this.#settings.intervalMs)) connection.life.readJournal()
      }
      return engine.collect()
    })
  }

  #health(): AggregatorHealth {
    const { now, silentAfterMs } = this.#settings
    const nowMs = now()
    return {
      engines: this.#sorted().map((engine) => engine.health(nowMs, silentAfterMs)),
      rejected: this.#rejections.counts,
    }
  }

  #sorted(): Engine[] {
    return [...this.#engines.values()].sort((left, right) => left.index - right.index)
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
