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

/** Times per interval at which overdue reports are requested. */
const CHECKS_PER_INTERVAL = 4
/** Engines that are read or added up between two looks at the clock: some 2 ms of work. */
const ENGINES_PER_STEP = 16

/**
 * Running engines whose journals are read for each update of a live page: 4 ms of work. Those of more
 * are as of their last reports.
 */
const LIVE_ENGINES_MAX = 16

/** The aggregator that accepts threads. One at most: each would get the requests of all threads. */
let accepting: AnyEngineAggregator | undefined

/** Options of `EngineAggregator.disconnect`. */
export interface DisconnectOptions {
  /** Whether the engine's series stay (default) or are dropped. */
  readonly series?: 'keep' | 'drop'
  /** The instance of the engine, for one outside this process; default none. */
  readonly instance?: string
}

/** Options of `EngineAggregator.close`. */
export interface CloseOptions {
  /** Whether the metrics are removed from the registry, for another aggregator; default false. */
  readonly unregister?: boolean
}

/** An aggregator with a registry of any type. */
export type AnyEngineAggregator = EngineAggregator<MetricsRegistry>

/** The sources of an aggregator, for transports inside this package. */
export let aggregationOf: (aggregator: AnyEngineAggregator) => Aggregation

/** What a live feed reads of an aggregator, for readers inside this package. */
export let liveSourceOf: (aggregator: AnyEngineAggregator) => LiveSource

/**
 * Shows metrics of a transport beside those of an aggregator, until they are unregistered with it.
 * Metrics that it shows already are read by the new functions.
 */
export let showMetrics: (aggregator: AnyEngineAggregator, metrics: readonly SingleMetric[]) => void

/**
 * Aggregates the stats of all engines on the main thread and exposes them in a metrics registry. It
 * takes the reports of threads that were connected, reads the journals of those that ended or are
 * silent, and takes payloads that came another way.
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
  /** Takes the snapshot of a scrape. */
  readonly #read: () => Promise<Snapshot>
  /** Remove the metrics from the registry. */
  readonly #unregister: (() => void)[] = []
  /** What reads each metric of a transport, by the name of the metric. */
  readonly #shown = new Map<string, SingleMetric['read']>()
  readonly #liveSource: LiveSource
  readonly #timers: NodeJS.Timeout[] = []
  #isLogging = false
  /** Ends with the last log line. */
  #logged = Promise.resolve()
  #acceptor: ThreadAcceptor | undefined
  #closed = false

  /**
   * @throws MoonmeterError `INVALID_OPTION` for an unknown option or one out of range, or when the
   * registry does not take the metrics
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
    // More often than reports are due, so that none is late by a whole interval.
    const checkMs = Math.ceil(intervalMs / CHECKS_PER_INTERVAL)
    this.#every(checkMs, () => this.#links.requestOverdueReports())
    const logging = this.#logging
    if (logging !== undefined) this.#every(settings.logIntervalMs, () => this.#log(logging))
  }

  /**
   * The registry that the metrics are registered in: the one that was passed, or a new one. Its
   * `resetMetrics` leaves these metrics as they are, since engines report everything so far; to drop
   * those of an engine, call `disconnect(engine, { series: 'drop' })`.
   */
  get registry(): Registry {
    return this.#settings.registry
  }

  /** The engine indices known, ascending; a new array each time. */
  get engines(): number[] {
    return this.#aggregation.engines
  }

  /**
   * Begin an incarnation of an engine on a thread of this process. It lasts, and holds shared memory,
   * until its port closes, as it does when the thread that got the link ends in whatever way. Where
   * that thread is never made, nothing closes the port: call `link.port.close()`, or `disconnect` to
   * end all incarnations of the engine.
   *
   * @returns what the engine's thread needs for `createRecorder`; send it with its `transferList`
   * @throws MoonmeterError `INVALID_ENGINE`, also past `enginesMax`; `CLOSED`
   */
  connect(engine: number): EngineLink {
    this.#assertOpen()
    return this.#links.connect(engineIndex(engine))
  }

  /**
   * Connect every thread that calls `connectRecorder`, until `close`: for pools that
   * start their threads themselves. A thread that names no engine gets the lowest index that is not
   * in use. Only one aggregator at a time may accept threads: a thread's request names none.
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
   * Take a payload that came another way than by a link: rows in any of the reference's shapes, or
   * a report of a recorder with a `ReportSink`. An engine seen for the first time is added. A
   * payload that is rejected changes nothing and is counted by reason.
   *
   * Reports are cumulative: they may be lost, late, repeated or out of order. Rows are counted each
   * time they are ingested.
   *
   * @throws MoonmeterError `INVALID_ENGINE` when `engine` is no engine index, `INVALID_OPTION`,
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
   * All engines at this moment: an immutable snapshot, right to the last record of every engine
   * that is not recording at this moment. An interval is `later.since(earlier)`.
   */
  snapshot(): Snapshot {
    this.#aggregation.readJournals()
    return this.#aggregation.snapshot()
  }

  /**
   * The stats of an engine so far, over all its incarnations and instances, or those of all
   * engines; right to the last record, as `snapshot`.
   *
   * @returns a new object; empty for an engine that is not known
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
   * End the running incarnations of an engine with what they recorded so far. Its series stay as
   * they are, or are dropped; the engine then counts from zero when it connects again. Reports of
   * incarnations from outside that were dropped are rejected.
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
    // What the engine recorded since the last log line is in the next one.
    this.#observeInterval()
    this.#aggregation.drop(engineIndex(engine), instance)
  }

  /**
   * Count that an engine is restarted, by the reason why it ended; an `EnginePool` does.
   *
   * @throws MoonmeterError `INVALID_ENGINE`; `INVALID_OPTION` when the reason is no string
   */
  noteRestart(engine: number, reason: string): void {
    requireType('noteRestart.reason', 'string', reason ?? null)
    this.#aggregation.noteRestart(engineIndex(engine), reason)
  }

  /**
   * Note that an engine failed and is not restarted; an `EnginePool` does. Its reports stay expected
   * (`moonmeter_engine_open`) until it connects again, also if its recorder was closed.
   *
   * @throws MoonmeterError `INVALID_ENGINE`
   */
  noteFailure(engine: number): void {
    this.#aggregation.noteFailure(engineIndex(engine))
  }

  /**
   * Ask the running incarnations of an engine to stop: `recorder.stopRequested` becomes true and
   * `recorder.signal` is aborted.
   *
   * @throws MoonmeterError `INVALID_ENGINE`
   */
  requestStop(engine: number): void {
    this.#links.requestStop(engineIndex(engine))
  }

  /**
   * End all incarnations with what they recorded so far, log the last interval and stop the timers.
   * What engines record afterwards is not counted, so stop them first. The metrics stay in the
   * registry and keep their values, unless they are unregistered; that can also be done later, by
   * another call.
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
    // A line that is being written covers an interval before this one.
    if (this.#isLogging) await this.#logged
    this.#observeInterval()
    this.#logging?.log()
  }

  /**
   * Takes the snapshot of a scrape, in the turn of the last read, before anything else is recorded.
   */
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
      // The journals are read, since a second may have two reports of an engine, or none: an
      // interval would have the rows of two seconds, or of none.
      snapshot: async () => {
        await runYielding(inGroups(ENGINES_PER_STEP, this.#aggregation.readLive(LIVE_ENGINES_MAX)))
        return this.#aggregation.snapshot()
      },
    }
  }

  *#readSilent(): Generator<unknown> {
    yield* inGroups(ENGINES_PER_STEP, this.#aggregation.readSilent())
  }

  /** Log the interval. The event loop turns in between; rows that come meanwhile are in one line, too. */
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

  /** Add what came since the last call to the next log line. */
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
    // Telemetry alone must not keep a process alive.
    timer.unref()
    this.#timers.push(timer)
  }

  #assertOpen(): void {
    if (!this.#closed) return
    throw new MoonmeterError('CLOSED', 'aggregator: expected no use after close(); make a new one')
  }
}
