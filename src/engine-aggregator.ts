import { Aggregation } from './aggregator/aggregation.js'
import type { IngestOptions, IngestResult } from './aggregator/ingest-options.js'
import { describe } from './describe.js'
import {
  type AggregatorOptions,
  type AggregatorSettings,
  readOptions,
} from './engine-aggregator-options.js'
import { MoonmeterError } from './errors.js'
import { selfFamilies } from './exposition/families/self-families.js'
import { type SingleMetric, singleFamilies } from './exposition/families/single-families.js'
import { storeFamilies } from './exposition/families/store-families.js'
import { inGroups, runYielding } from './run-yielding.js'
import type { EngineLink } from './journal/engine-link.js'
import { JournalLayout } from './journal/journal-layout.js'
import { EngineLinks } from './links/engine-links.js'
import { ThreadAcceptor } from './links/thread-acceptor.js'
import type { LiveSource } from './live/live-source.js'
import { KVConnectorLogging } from './logging/kv-connector-logging.js'
import { refuseUnknownOptions, requireType } from './options.js'
import type { DefaultRegistry } from './registry/create-registry.js'
import type { MetricsRegistry } from './registry/metrics-registry.js'
import { registerFamilies } from './registry/register-families.js'
import { shareInTurn } from './registry/share-in-turn.js'
import type { Snapshot } from './snapshot/snapshot.js'
import { engineIndex, instanceName } from './source-identity.js'
import { MooncakeStoreConnectorStats } from './wire/mooncake-store-connector-stats.js'

/** Checks for overdue reports per interval. */
const CHECKS_PER_INTERVAL = 4
/** Engines that are read or added up between two checks of the time: some 2 ms of work. */
const ENGINES_PER_STEP = 16

/**
 * Maximum number of running engines whose journals are read for each update of a live page: 4 ms of
 * work. If there are more, an update has the state of their last reports.
 */
const LIVE_ENGINES_MAX = 16

/**
 * The aggregator that accepts threads. At most one, since each would receive the requests of all
 * threads.
 */
let accepting: AnyEngineAggregator | undefined

/** Options of `EngineAggregator.disconnect`. */
export interface DisconnectOptions {
  /** `keep` (default) or `drop` the engine's series. */
  readonly series?: 'keep' | 'drop'
  /** The instance of an engine of another process; default none. */
  readonly instance?: string
}

/** Options of `EngineAggregator.close`. */
export interface CloseOptions {
  /**
   * Whether to remove the metrics from the registry, so that another aggregator can use it; default
   * false.
   */
  readonly unregister?: boolean
}

/** An aggregator with a registry of any type. */
export type AnyEngineAggregator = EngineAggregator<MetricsRegistry>

/** The aggregation of an aggregator, for transports of this package. */
export let aggregationOf: (aggregator: AnyEngineAggregator) => Aggregation

/** The source of live feeds of an aggregator, for readers of this package. */
export let liveSourceOf: (aggregator: AnyEngineAggregator) => LiveSource

/**
 * Registers metrics of a transport with those of an aggregator; they are unregistered together. If
 * a metric is already registered, the new function reads it from then on.
 */
export let showMetrics: (aggregator: AnyEngineAggregator, metrics: readonly SingleMetric[]) => void

/**
 * Aggregates the stats of all engines on the main thread and exposes them in a metrics registry. It
 * accepts the reports of connected threads, reads the journals of threads that ended or are silent,
 * and ingests payloads of other transports.
 */
export class EngineAggregator<Registry extends MetricsRegistry = DefaultRegistry> {
  static {
    aggregationOf = (aggregator) => aggregator.#aggregation
    liveSourceOf = (aggregator) => aggregator.#liveSource
    showMetrics = (aggregator, metrics) => aggregator.#show(metrics)
  }

  readonly #settings: AggregatorSettings<Registry>
  readonly #aggregation: Aggregation
  readonly #links: EngineLinks
  readonly #readInterval: (stats: MooncakeStoreConnectorStats) => Iterable<void>
  readonly #logging: KVConnectorLogging | undefined
  /** Takes a snapshot for a scrape. */
  readonly #read: () => Promise<Snapshot>
  /** Functions that remove the metrics from the registry. */
  readonly #unregister: (() => void)[] = []
  /** By name, the function that reads each metric of a transport. */
  readonly #shown = new Map<string, SingleMetric['read']>()
  readonly #liveSource: LiveSource
  readonly #timers: NodeJS.Timeout[] = []
  #isLogging = false
  /** Resolves when the last log line was written. */
  #logged = Promise.resolve()
  #acceptor: ThreadAcceptor | undefined
  #closed = false

  /**
   * @throws MoonmeterError `INVALID_OPTION` for an unknown option or one out of range, or when the
   * registry rejects the metrics
   */
  constructor(options: AggregatorOptions<Registry> = {}) {
    const settings = readOptions(options)
    const { layout, registry, intervalMs, log, onApproximateP90, sums, shape } = settings
    this.#settings = settings
    const onDurationsFull = () => this.#observeInterval()
    this.#aggregation = new Aggregation({ ...settings, onDurationsFull })
    const journalLayout = new JournalLayout(layout.bins, settings.seriesMax, layout.hasExtras)
    this.#links = new EngineLinks(this.#aggregation, journalLayout, settings)
    this.#readInterval = this.#aggregation.intervalReader()
    this.#logging = log && new KVConnectorLogging({ log, onApproximateP90, stats: sums })
    const families = [...storeFamilies(layout, settings), ...selfFamilies(shape)]
    this.#read = shareInTurn(() => runYielding(this.#scrape()))
    this.#unregister.push(registerFamilies(registry, families, this.#read))
    this.#liveSource = this.#makeLiveSource()
    // More often than once per interval, so that no report is late by a whole interval.
    const checkMs = Math.ceil(intervalMs / CHECKS_PER_INTERVAL)
    this.#every(checkMs, () => this.#links.requestOverdueReports())
    const logging = this.#logging
    if (logging !== undefined) this.#every(settings.logIntervalMs, () => this.#log(logging))
  }

  /**
   * The registry that the metrics are registered in: the one that was passed, or a new one. Its
   * `resetMetrics` has no effect on these metrics, since engines report everything so far. To drop
   * the series of an engine, call `disconnect(engine, { series: 'drop' })`.
   */
  get registry(): Registry {
    return this.#settings.registry
  }

  /** The engine indices known, ascending; a new array each time. */
  get engines(): number[] {
    return this.#aggregation.engines
  }

  /**
   * Begin an incarnation of an engine on a thread of this process. It lasts, and holds shared
   * memory, until its port closes, which happens when the thread with the link ends for any reason.
   * If the thread is never started, call `link.port.close()`, or `disconnect` to end all
   * incarnations of the engine.
   *
   * @returns the link for `createRecorder` in the engine's thread; send it with its `transferList`
   * @throws MoonmeterError `INVALID_ENGINE`, also past `enginesMax`; `CLOSED`
   */
  connect(engine: number): EngineLink {
    this.#assertOpen()
    return this.#links.connect(engineIndex(engine))
  }

  /**
   * Connect every thread that calls `connectRecorder`, until `close`: for pools that start their
   * threads themselves. A thread without an engine index gets the lowest free one. Only one
   * aggregator at a time may accept threads, since a request does not name an aggregator.
   *
   * @throws MoonmeterError `CLOSED`; `INVALID_OPTION` while another aggregator accepts threads
   */
  acceptThreads(): void {
    this.#assertOpen()
    if (accepting !== undefined && accepting !== this) {
      throw new MoonmeterError(
        'INVALID_OPTION',
        'acceptThreads: expected one aggregator that accepts threads, got a second; ' +
          'close the first, or send links of connect() to the threads of this one',
      )
    }
    accepting = this
    this.#acceptor ??= new ThreadAcceptor((engine) => this.connect(engine ?? this.#freeEngine()))
  }

  /**
   * Ingest a payload that was not sent over a link: rows in any of vLLM's shapes, or a report of a
   * recorder with a `ReportSink`. A new engine is added. A rejected payload changes nothing and is
   * counted by reason.
   *
   * Reports are cumulative: they may be lost, late, repeated or out of order. Rows are counted each
   * time they are ingested.
   *
   * @throws MoonmeterError `INVALID_ENGINE` when `engine` is not an engine index, `INVALID_OPTION`,
   * `CLOSED`
   */
  ingest(bytes: Uint8Array, options: IngestOptions = {}): IngestResult {
    this.#assertOpen()
    refuseUnknownOptions('ingest', options, ['engine', 'instance'])
    if (options.engine !== undefined) engineIndex(options.engine)
    instanceName(options.instance)
    return this.#aggregation.ingest(bytes, options)
  }

  /**
   * An immutable snapshot of all engines. It contains every row of engines that record nothing
   * during the call. An interval is `later.since(earlier)`.
   */
  snapshot(): Snapshot {
    this.#aggregation.readJournals()
    return this.#aggregation.snapshot()
  }

  /**
   * The stats of an engine so far, over all its incarnations and instances, or those of all
   * engines. As with `snapshot`, it contains every row of engines that record nothing during the
   * call.
   *
   * @returns a new object; empty for an unknown engine
   * @throws MoonmeterError `INVALID_ENGINE`
   */
  stats(engine?: number): MooncakeStoreConnectorStats {
    if (engine !== undefined) engineIndex(engine)
    this.#aggregation.readJournals()
    const stats = new MooncakeStoreConnectorStats(this.#settings.sums)
    this.#aggregation.detailedSnapshot(engine).addTo(stats)
    return stats
  }

  /**
   * End the running incarnations of an engine, after a last read of their rows. Its series are kept
   * or dropped. After a drop, the engine counts from zero when it connects again, and reports of
   * its former remote incarnations are rejected.
   *
   * @throws MoonmeterError `INVALID_ENGINE`, `INVALID_OPTION`
   */
  disconnect(engine: number, options: DisconnectOptions = {}): void {
    refuseUnknownOptions('disconnect', options, ['series', 'instance'])
    const { series = 'keep' } = options
    if (series !== 'keep' && series !== 'drop') {
      throw new MoonmeterError(
        'INVALID_OPTION',
        `disconnect.series: expected 'keep' or 'drop', got ${describe(series)}`,
      )
    }
    const instance = instanceName(options.instance)
    if (instance === undefined) this.#links.disconnect(engineIndex(engine))
    if (series !== 'drop') return
    // The rows since the last log line are in the next one.
    this.#observeInterval()
    this.#aggregation.drop(engineIndex(engine), instance)
  }

  /**
   * Count a restart of an engine, by the reason why it ended. `EnginePool` calls this.
   *
   * @throws MoonmeterError `INVALID_ENGINE`; `INVALID_OPTION` when the reason is not a string
   */
  noteRestart(engine: number, reason: string): void {
    requireType('noteRestart.reason', 'string', reason ?? null)
    this.#aggregation.noteRestart(engineIndex(engine), reason)
  }

  /**
   * Mark an engine as failed and not restarted. `EnginePool` calls this. `moonmeter_engine_open` is
   * 1 until the engine connects again, even if its recorder was closed.
   *
   * @throws MoonmeterError `INVALID_ENGINE`
   */
  noteFailure(engine: number): void {
    this.#aggregation.noteFailure(engineIndex(engine))
  }

  /**
   * Request the running incarnations of an engine to stop: `recorder.stopRequested` becomes true
   * and `recorder.signal` aborts.
   *
   * @throws MoonmeterError `INVALID_ENGINE`
   */
  requestStop(engine: number): void {
    this.#links.requestStop(engineIndex(engine))
  }

  /**
   * End all incarnations after a last read of their rows, log the last interval and stop the
   * timers. Later rows are not counted, so stop the engines first. The metrics stay in the registry
   * with their values unless `unregister` is set; a second call can also unregister them.
   *
   * @throws MoonmeterError `INVALID_OPTION`, also when the registry cannot remove metrics
   */
  async close(options: CloseOptions = {}): Promise<void> {
    refuseUnknownOptions('close', options, ['unregister'])
    requireType('close.unregister', 'boolean', options.unregister)
    if (options.unregister === true) for (const unregister of this.#unregister) unregister()
    if (this.#closed) return
    this.#closed = true
    this.#acceptor?.close()
    if (accepting === this) accepting = undefined
    for (const timer of this.#timers) clearInterval(timer)
    this.#links.close()
    // The line that is being written covers the interval before this one.
    if (this.#isLogging) await this.#logged
    this.#observeInterval()
    this.#logging?.log()
  }

  /** Takes the snapshot of a scrape in the same turn as the last read of a journal. */
  *#scrape(): Generator<unknown, Snapshot> {
    yield* this.#readSilent()
    return yield* this.#aggregation.scrape()
  }

  #show(metrics: readonly SingleMetric[]): void {
    const { registry, shape } = this.#settings
    const added = metrics
      .map(({ definition }) => definition)
      .filter(({ name }) => !this.#shown.has(name))
      .map((definition) => ({
        definition,
        read: (snapshot: Snapshot) => this.#shown.get(definition.name)?.(snapshot) ?? 0,
      }))
    this.#unregister.push(registerFamilies(registry, singleFamilies(shape, added), this.#read))
    for (const { definition, read } of metrics) this.#shown.set(definition.name, read)
  }

  #makeLiveSource(): LiveSource {
    const { modelName, layout } = this.#settings
    const isClosed = () => this.#closed
    return {
      modelName,
      bounds: layout.bins.bounds,
      get isClosed() {
        return isClosed()
      },
      // Journals are read, since an engine may send two reports or none within a second, and an
      // interval would then have the rows of two seconds or of none.
      snapshot: async () => {
        await runYielding(inGroups(ENGINES_PER_STEP, this.#aggregation.readLive(LIVE_ENGINES_MAX)))
        return this.#aggregation.snapshot()
      },
    }
  }

  *#readSilent(): Generator<unknown> {
    yield* inGroups(ENGINES_PER_STEP, this.#aggregation.readSilent())
  }

  /**
   * Log the interval, in several turns of the event loop. Each row that is counted meanwhile is in
   * this line or the next one.
   */
  #log(logging: KVConnectorLogging): void {
    if (this.#isLogging) return
    this.#isLogging = true
    this.#logged = runYielding(this.#logSteps(logging))
  }

  *#logSteps(logging: KVConnectorLogging): Generator<unknown> {
    yield* this.#readSilent()
    const stats = new MooncakeStoreConnectorStats(this.#settings.sums)
    yield* inGroups(ENGINES_PER_STEP, this.#readInterval(stats))
    logging.observe(stats)
    this.#isLogging = false
    logging.log()
  }

  /** Add the rows since the last call to the next log line. */
  #observeInterval(): void {
    if (this.#logging === undefined) return
    const stats = new MooncakeStoreConnectorStats(this.#settings.sums)
    for (const _ of this.#readInterval(stats));
    this.#logging.observe(stats)
  }

  #freeEngine(): number {
    let engine = 0
    while (!this.#aggregation.isFree(engine)) engine++
    return engine
  }

  #every(ms: number, run: () => void): void {
    const timer = setInterval(run, ms)
    // The timer must not keep the process alive.
    timer.unref()
    this.#timers.push(timer)
  }

  #assertOpen(): void {
    if (!this.#closed) return
    throw new MoonmeterError(
      'CLOSED',
      'aggregator: expected no use after close(); create a new one',
    )
  }
}
