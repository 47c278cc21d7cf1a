import { callSafely, readClock } from '../call-safely.js'
import { EXTRA_COUNTER_NAMES } from '../catalogue.js'
import { MoonmeterError } from '../errors.js'
import type { Journal } from '../journal/journal.js'
import {
  FLOAT64_BYTES,
  HEADER,
  JOURNAL_STATE,
  ROWS_COUNTED,
  SERIES,
} from '../journal/journal-layout.js'
import { NO_BLOCK, type SeriesBlock } from '../journal/series-block.js'
import { refuseUnknownOptions } from '../options.js'
import type { SourceIdentity } from '../source-identity.js'
import { BoundedNames } from '../stats/bounded-names.js'
import { ROW_FIELDS, type RowOptions } from '../stats/row.js'
import { encodeReport } from '../wire/report.js'
import { Exemplars } from './exemplars.js'
import { ExtrasOperationRecorder } from './extras-operation-recorder.js'
import { OperationRecorder, type SeriesOwner } from './operation-recorder.js'
import type { ReportSink } from './report-sink.js'
import { SeriesBlocks } from './series-blocks.js'
import { TracedOperationRecorder } from './traced-operation-recorder.js'
import { UNSET_STATUS } from './unset-status.js'

/** Number of handles that are cached outside the map of names; a power of two. */
const RECENT_OPERATIONS = 16
/**
 * The names of `RecordOptions` and of the other fields of a row: callers may pass a complete row.
 */
const RECORD_FIELDS: readonly string[] = [...ROW_FIELDS, 'traceId', ...EXTRA_COUNTER_NAMES]

/** The optional values of `Recorder.record`. */
export interface RecordOptions extends RowOptions {
  /**
   * The id of the call's trace, 1 to 120 characters, for an exemplar of the histogram. Default: the
   * result of the recorder's option `traceId`, or none. An empty string means no trace.
   */
  readonly traceId?: string | undefined
  /**
   * Bytes that the call moved, from 0 to 2^64; counted if `extraMetrics` enables any metric.
   * Default: `numBytes` less the share of the failed keys.
   */
  readonly numTransferredBytes?: number | undefined
  /**
   * Keys that a lookup found, from 0 to 2^64; counted if `extraMetrics` enables any metric. Default
   * 0.
   */
  readonly numHitKeys?: number | undefined
}

export interface RecorderParts {
  readonly identity: SourceIdentity
  readonly journal: Journal
  /** Operations that series are reserved for. */
  readonly operations: readonly string[]
  readonly sink: ReportSink
  readonly intervalMs: number
  /** The wall clock, in milliseconds since 1970. */
  readonly now: () => number
  /** Returns the id of the active trace. */
  readonly traceId?: (() => string | undefined) | undefined
  /** Calls its argument whenever a message from the main thread arrives. */
  readonly onMessage?: (listener: () => void) => void
  /** Calls its argument when the main thread no longer takes reports. */
  readonly onDisconnect?: (listener: () => void) => void
}

/**
 * Records an engine's store operations in its journal, and sends a report of everything so far
 * every interval. `createRecorder` creates one per incarnation of an engine.
 */
export class Recorder {
  readonly #identity: SourceIdentity
  readonly #intervalMs: number
  readonly #now: () => number
  readonly #onMessage: RecorderParts['onMessage']
  readonly #traceId: RecorderParts['traceId']
  readonly #exemplars: Exemplars
  readonly #hasExtras: boolean
  readonly #owner: SeriesOwner
  readonly #operations: BoundedNames<OperationRecorder>
  readonly #timer: NodeJS.Timeout
  /** The cache of handles; the index is derived from the name of the operation. */
  readonly #recent: OperationRecorder[]
  /** The destination of rows and reports; undefined after the aggregator has disconnected. */
  #target: { journal: Journal; blocks: SeriesBlocks; sink: ReportSink } | undefined
  /** The block that rows are written to after that; nothing reads it. */
  #unread: SeriesBlock | undefined
  /** Rows that were written to the journal after the aggregator's last read. */
  #rowsLate = 0
  #sequence = 0
  #wasStopRequested = false
  #stop: AbortController | undefined
  /** When the last report was made, by a monotonic clock. */
  #reportedMs = Number.NEGATIVE_INFINITY
  #isClosed = false
  /** Whether the sink is being called. */
  #isSending = false

  /** @internal */
  constructor(parts: RecorderParts) {
    const { identity, journal, operations, sink, intervalMs, now, onMessage, onDisconnect } = parts
    const { bins, seriesMax } = journal.layout
    this.#identity = identity
    this.#intervalMs = intervalMs
    this.#now = now
    this.#onMessage = onMessage
    this.#traceId = parts.traceId
    this.#exemplars = new Exemplars(bins, now)
    this.#hasExtras = journal.layout.extrasAt > 0
    this.#target = { journal, blocks: new SeriesBlocks(journal, operations), sink }
    this.#owner = {
      bins,
      blockOf: (operation, status) => this.#blockOf(operation, status),
      report: () => this.report(),
      noteExemplar: (block, durationSeconds, traceId) => {
        this.#exemplars.note(block, durationSeconds, traceId)
      },
    }
    const make = (name: string) => this.#makeOperation(name)
    // At most as many handles as the journal has series.
    this.#operations = new BoundedNames(seriesMax, make)
    for (const operation of operations) this.#operations.get(operation)
    this.#recent = new Array(RECENT_OPERATIONS).fill(make(UNSET_STATUS))
    this.#timer = setInterval(() => this.#reportInTime(), intervalMs)
    // The timer of reports must not keep the thread alive.
    this.#timer.unref()
    onDisconnect?.(() => this.#disconnect())
  }

  /** Whether extra metrics are enabled. @internal */
  get hasExtras(): boolean {
    return this.#hasExtras
  }

  /** The engine's index. */
  get engine(): number {
    return this.#identity.engine
  }

  /**
   * Whether recording has ended: `close` was called, the aggregator disconnected this engine, or
   * the aggregator was closed.
   */
  get closed(): boolean {
    return this.#isClosed || this.#isDisconnected()
  }

  /**
   * Rows that were recorded after the aggregator disconnected this engine or was closed. No other
   * metric counts them.
   */
  get dropped(): number {
    this.#isDisconnected()
    return this.#rowsLate + (this.#unread?.floats[SERIES.rows] ?? 0)
  }

  /**
   * Whether the main thread requested this engine to stop. Reading takes a few ns, so loops can
   * check it.
   */
  get stopRequested(): boolean {
    if (this.#target === undefined) return this.#wasStopRequested
    return Atomics.load(this.#target.journal.words, HEADER.stopRequested) !== 0
  }

  /**
   * Aborts when the main thread requests this engine to stop, in the next turn of this thread's
   * event loop. A listener does not keep the thread alive. To wait for the signal, use a timer that
   * is cleared on abort: `const timer = setInterval(() => {}, 2 ** 30)`.
   */
  get signal(): AbortSignal {
    if (this.#stop === undefined) {
      const stop = new AbortController()
      this.#stop = stop
      // The stop flag is in the journal; the message only wakes the event loop.
      const check = () => this.stopRequested && stop.abort()
      this.#onMessage?.(check)
      check()
    }
    return this.#stop.signal
  }

  /**
   * The handle that records an operation; the same object for each call. Returns the handle of
   * `other` once there are as many operations as `seriesMax`, and for a name longer than 255 bytes.
   *
   * @throws MoonmeterError `INVALID_ROW` when the name is not a string
   */
  operation(name: string): OperationRecorder {
    if (typeof name !== 'string') {
      throw new MoonmeterError('INVALID_ROW', `operation: expected a string, got ${typeof name}`)
    }
    return this.#operations.get(name)
  }

  /**
   * Record one call to the store by the name of its operation.
   *
   * @throws MoonmeterError as `OperationRecorder.record`
   */
  record(
    operation: string,
    durationSeconds: number,
    numKeys: number,
    options?: RecordOptions,
  ): void {
    refuseMisspeltOptions(options)
    this.#recorderOf(operation).record(
      durationSeconds,
      numKeys,
      options?.numBytes,
      options?.status,
      options?.numFailedKeys,
      options?.traceId,
    )
  }

  /**
   * The id of the active trace, for a row that is recorded later: empty without a trace, undefined
   * if the recorder has no option `traceId`.
   * @internal
   */
  currentTraceId(): string | undefined {
    const read = this.#traceId
    return read === undefined ? undefined : (callSafely('traceId', read) ?? '')
  }

  #makeOperation(name: string): OperationRecorder {
    const traceId = this.#traceId && (() => this.currentTraceId())
    if (this.#hasExtras) return new ExtrasOperationRecorder(name, this.#owner, traceId)
    if (traceId === undefined) return new OperationRecorder(name, this.#owner)
    return new TracedOperationRecorder(name, this.#owner, traceId)
  }

  /**
   * The handle of an operation. A comparison with the cached name takes a third of the time of a
   * look-up in the map.
   */
  #recorderOf(operation: string): OperationRecorder {
    if (typeof operation !== 'string') return this.operation(operation)
    const place = (operation.length + operation.charCodeAt(0)) & (RECENT_OPERATIONS - 1)
    const recent = this.#recent[place]
    if (recent.operation === operation) return recent
    const recorder = this.operation(operation)
    this.#recent[place] = recorder
    return recorder
  }

  /**
   * Send a report of everything recorded so far, if the sink is ready. A port is not ready while
   * two reports wait unread. Rows that are not sent now are in the next report. A call from inside
   * `sink.send` does nothing.
   */
  report(): void {
    if (!this.closed && !this.#isSending) this.#send(false)
  }

  /** Send the last report and close the sink. Recording afterwards throws `CLOSED`. */
  close(): void {
    if (this.#isClosed) return
    const isConnected = !this.#isDisconnected()
    // Set before the sink is called, because the sink may also call `close`.
    this.#isClosed = true
    if (isConnected) this.#send(true)
    this.#release()
  }

  /** Send the report of an interval, unless a report was sent in the second half of it. */
  #reportInTime(): void {
    if (performance.now() - this.#reportedMs >= this.#intervalMs / 2) this.report()
  }

  /** Whether the aggregator has read the journal for the last time, as its header shows. */
  #isDisconnected(): boolean {
    if (this.#target === undefined) return this.#unread !== undefined
    const { words } = this.#target.journal
    if (Atomics.load(words, HEADER.state) !== JOURNAL_STATE.closed) return false
    this.#disconnect()
    return true
  }

  /** Count further rows in memory of this thread, since the journal is no longer read. */
  #disconnect(): void {
    if (this.#target === undefined) return
    const { layout, floats, words, rows } = this.#target.journal
    // If only the port was closed, the aggregator has yet to read the journal for the last time.
    const isRead = Atomics.load(words, HEADER.state) === JOURNAL_STATE.closed
    this.#rowsLate = isRead ? rows - floats[ROWS_COUNTED] : 0
    const memory = new ArrayBuffer(layout.seriesLength * FLOAT64_BYTES)
    this.#unread = {
      floats: new Float64Array(memory),
      words: new Int32Array(memory),
      extrasAt: layout.extrasAt,
    }
    this.#release()
  }

  /** Release the timer, the sink and the journal, which the handles also reference. */
  #release(): void {
    clearInterval(this.#timer)
    for (const operation of this.#operations.entries.values()) operation.detach()
    this.#wasStopRequested = this.stopRequested
    const sink = this.#target?.sink
    this.#target = undefined
    callSafely('sink.close', () => sink?.close?.())
  }

  /** The block of a series in the journal; the block of `other` past a limit. */
  #blockOf(operation: string, status: string): SeriesBlock {
    if (this.#isClosed) {
      throw new MoonmeterError(
        'CLOSED',
        `recorder of engine ${this.engine}: expected no rows after close(), got a row of ` +
          `'${operation}'; check 'closed' or close later`,
      )
    }
    if (typeof status !== 'string') {
      throw new MoonmeterError('INVALID_ROW', `status: expected a string, got ${typeof status}`)
    }
    if (this.#unread !== undefined) return this.#unread
    return this.#target?.blocks.get(operation, status) ?? NO_BLOCK
  }

  #send(isFinal: boolean): void {
    if (this.#target === undefined) return
    const { journal, sink } = this.#target
    journal.setReportDue(false)
    this.#reportedMs = performance.now()
    journal.fold()
    this.#isSending = true
    if (isFinal || isReady(sink)) this.#sendTo(sink, journal, isFinal)
    this.#isSending = false
  }

  #sendTo(sink: ReportSink, journal: Journal, isFinal: boolean): void {
    callSafely('sink.send', () => {
      const bytes = encodeReport({
        ...this.#identity,
        sequence: ++this.#sequence,
        timestampMs: readClock('now', this.#now),
        final: isFinal,
        bounds: journal.layout.bins.bounds,
        series: journal.readFolded(),
        exemplars: this.#exemplars.take(journal),
        ...(this.#hasExtras && { inFlight: journal.readInFlight() }),
      })
      return sink.send(bytes)
    })
  }
}

/**
 * A misspelt option would have no effect. A check of all names takes longer than the recording of a
 * row, so names are checked only if `numBytes`, which most calls have, is missing.
 *
 * @throws MoonmeterError `INVALID_OPTION`
 */
export function refuseMisspeltOptions(options: RecordOptions | undefined): void {
  if (options !== undefined && options?.numBytes === undefined) {
    refuseUnknownOptions('record', options, RECORD_FIELDS)
  }
}

/** Whether a sink is ready for a report; false if it throws. */
function isReady(sink: ReportSink): boolean {
  const answer: unknown = callSafely('sink.isReady', () => sink.isReady?.() ?? true)
  return answer !== false && answer !== undefined
}
