import { MessagePort } from 'node:worker_threads'
import { readClock } from '../call-safely.js'
import { EXTRA_METRIC_NAMES, type ExtraMetric } from '../catalogue.js'
import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import type { EngineLink } from '../journal/engine-link.js'
import { Journal } from '../journal/journal.js'
import { HEADER, JOURNAL_STATE, JournalLayout, SERIES_MAX } from '../journal/journal-layout.js'
import {
  refuseUnknownOptions,
  requireNames,
  requireType,
  resolveNumbers,
  TIMER_MS_MAX,
} from '../options.js'
import { engineIndex, instanceName } from '../source-identity.js'
import { BinLayout } from '../stats/bin-layout.js'
import { readOperations } from '../stats/known-operations.js'
import { ExtrasRecorder } from './extras-recorder.js'
import { incarnationNumber } from './incarnation-number.js'
import { Recorder, type RecorderParts } from './recorder.js'
import { PortSink, type ReportSink } from './report-sink.js'

const NUMBERS = {
  intervalMs: { fallback: 1_000, min: 1, max: TIMER_MS_MAX, integer: true },
  seriesMax: SERIES_MAX,
} as const

/** Options of a recorder for a link. */
export interface RecorderOptions {
  /** The wall clock, in milliseconds since 1970; default `Date.now`. */
  readonly now?: () => number
  /**
   * Returns the id of the active trace, or undefined without one. The recorder calls this function
   * for each row that is recorded without a trace id. The first exception that it throws is emitted
   * as a warning, and the row is counted. Default: none. For OpenTelemetry, pass `activeTraceId` of
   * `moonmeter/opentelemetry`.
   */
  readonly traceId?: () => string | undefined
}

/** Options of a recorder that sends its reports to a sink. */
export interface SinkRecorderOptions extends RecorderOptions {
  /** The engine's index, a non-negative integer. */
  readonly engine: number
  /** Receives the reports. */
  readonly sink: ReportSink
  /** The host or process of the engine, up to 255 bytes; a label of its metrics. Default: none. */
  readonly instance?: string
  /** Bucket upper bounds in seconds, the same as the aggregator's; default vLLM's. */
  readonly bounds?: readonly number[]
  /**
   * Metrics to count in addition to vLLM's: any of `transferred_bytes`, `hit_keys` and `in_flight`.
   * Use the same value as for the aggregator's option. Default none.
   */
  readonly extraMetrics?: readonly ExtraMetric[]
  /** Milliseconds between reports; default 1,000. */
  readonly intervalMs?: number
  /** Maximum number of series (operation × status), `other` included; default 32. */
  readonly seriesMax?: number
  /**
   * Operations to reserve series for: each takes three of `seriesMax`. Pass the same list to the
   * aggregator, which exposes their series from the start. Default none.
   */
  readonly operations?: readonly string[]
}

/**
 * Start recording on a thread of the aggregator's process. The aggregator reads the journal in
 * shared memory after the thread has ended.
 *
 * @param link the link that `EngineAggregator.connect` returned
 * @throws MoonmeterError `INVALID_LINK` when the argument is not a link, or the link is of another
 * version, has a recorder or was disconnected; `INVALID_OPTION`
 */
export function createRecorder(link: EngineLink, options?: RecorderOptions): Recorder
/**
 * Start recording in any process. The recorder sends reports to the sink, and the process that
 * receives them passes them to `EngineAggregator.ingest`. Rows recorded after the last report that
 * arrived are lost when the process ends without `close`.
 *
 * @throws MoonmeterError `INVALID_ENGINE`; `INVALID_OPTION`
 */
export function createRecorder(options: SinkRecorderOptions): Recorder
export function createRecorder(
  target: EngineLink | SinkRecorderOptions,
  options: RecorderOptions = {},
): Recorder {
  return isSinkTarget(target) ? recordToSink(target) : recordToLink(target, options)
}

function isSinkTarget(target: EngineLink | SinkRecorderOptions): target is SinkRecorderOptions {
  return typeof target === 'object' && target !== null && 'sink' in target
}

function recordToLink(link: EngineLink, options: RecorderOptions): Recorder {
  refuseUnknownOptions('createRecorder', options, ['now', 'traceId'])
  requireType('now', 'function', options.now)
  requireType('traceId', 'function', options.traceId)
  if (!isLink(link)) {
    throw new MoonmeterError(
      'INVALID_LINK',
      `createRecorder: expected the link of EngineAggregator.connect(), got ${describe(link)}; ` +
        "pass it by workerData with its 'transferList'",
    )
  }
  const { engine, incarnation, intervalMs, port } = link
  const extraMetrics = requireNames('link.extraMetrics', EXTRA_METRIC_NAMES, link.extraMetrics)
  const { seriesMax } = link
  const operations = readOperations(link.operations, { seriesMax })
  const hasExtras = extraMetrics.length > 0
  const layout = new JournalLayout(BinLayout.of(link.bounds), seriesMax, hasExtras)
  const journal = new Journal(link.journal, layout)
  const { fresh, recording, closed } = JOURNAL_STATE
  const state = Atomics.compareExchange(journal.words, HEADER.state, fresh, recording)
  if (state !== fresh) {
    const got =
      state === closed ? 'was disconnected' : 'has a recorder, and a journal has one writer'
    throw new MoonmeterError(
      'INVALID_LINK',
      `createRecorder: expected an unused link of engine ${engine}, got one that ${got}; ` +
        'connect() again for the next incarnation',
    )
  }
  return makeRecorder({
    identity: { engine, incarnation },
    journal,
    operations,
    sink: new PortSink(port, journal),
    intervalMs,
    now: options.now ?? Date.now,
    traceId: options.traceId,
    onMessage: (listener) => {
      port.on('message', listener)
      port.unref()
    },
    onDisconnect: (listener) => port.on('close', listener),
  })
}

function recordToSink(options: SinkRecorderOptions): Recorder {
  const others = [
    'engine',
    'sink',
    'instance',
    'bounds',
    'operations',
    'extraMetrics',
    'now',
    'traceId',
  ]
  const { intervalMs, seriesMax } = resolveNumbers('createRecorder', NUMBERS, options, others)
  const { sink, now = Date.now, traceId } = options
  requireType('now', 'function', options.now)
  requireType('traceId', 'function', traceId)
  if (typeof sink?.send !== 'function') {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `createRecorder: expected a sink with a 'send' method, got ${describe(sink)}`,
    )
  }
  const operations = readOperations(options.operations, { seriesMax })
  const engine = engineIndex(options.engine)
  const instance = instanceName(options.instance)
  const extraMetrics = requireNames('extraMetrics', EXTRA_METRIC_NAMES, options.extraMetrics)
  const hasExtras = extraMetrics.length > 0
  const layout = new JournalLayout(BinLayout.of(options.bounds), seriesMax, hasExtras)
  const journal = new Journal(Journal.allocate(layout), layout)
  const incarnation = incarnationNumber(readClock('now', now))
  return makeRecorder({
    identity: { engine, incarnation, ...(instance !== undefined && { instance }) },
    journal,
    operations,
    sink,
    intervalMs,
    now,
    traceId,
  })
}

function makeRecorder(parts: RecorderParts): Recorder {
  return parts.journal.layout.extrasAt > 0 ? new ExtrasRecorder(parts) : new Recorder(parts)
}

function isLink(link: EngineLink): boolean {
  return (
    link?.port instanceof MessagePort &&
    Array.isArray(link.bounds) &&
    Array.isArray(link.operations) &&
    isIntegerWithin(link.engine, 0) &&
    isIntegerWithin(link.incarnation, 1) &&
    isIntegerWithin(link.seriesMax, SERIES_MAX.min, SERIES_MAX.max) &&
    isIntegerWithin(link.intervalMs, NUMBERS.intervalMs.min, TIMER_MS_MAX)
  )
}

function isIntegerWithin(value: number, min: number, max = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max
}
