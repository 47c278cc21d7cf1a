import { callSafely } from '../call-safely.js'
import { OTHER } from '../catalogue.js'
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
import { KNOWN_STATUSES, ROW_FIELDS, type RowOptions } from '../stats/row.js'
import { encodeReport } from '../wire/report.js'
import { OperationRecorder, type SeriesOwner } from './operation-recorder.js'
import type { ReportSink } from './report-sink.js'
import { UNSET_STATUS } from './unset-status.js'

/** Statuses of one operation told apart in a journal; rows of further ones go to `other`. */
const STATUSES_MAX = 8
/** Statuses of operation `other` that always have a place. */
const OTHER_STATUSES: readonly string[] = [...KNOWN_STATUSES, OTHER]
/** Operations that are found without a look-up by name; a power of two. */
const RECENT_OPERATIONS = 16

export interface RecorderParts {
  readonly identity: SourceIdentity
  readonly journal: Journal
  readonly sink: ReportSink
  readonly intervalMs: number
  /** The wall clock, in milliseconds since 1970. */
  readonly now: () => number
  /** Calls its argument whenever a message from the main thread arrives. */
  readonly onMessage?: (listener: () => void) => void
  /** Calls its argument when the main thread no longer takes reports. */
  readonly onDisconnect?: (listener: () => void) => void
}

/**
 * Records an engine's store operations into its journal and sends a report of all of it every
 * interval. Made by `createRecorder`; there is one per incarnation of an engine.
 */
export class Recorder {
  readonly #identity: SourceIdentity
  readonly #intervalMs: number
  readonly #now: () => number
  readonly #onMessage: RecorderParts['onMessage']
  readonly #owner: SeriesOwner
  readonly #operations: BoundedNames<OperationRecorder>
  /** The memory of each series, by operation and status. */
  readonly #blocks = new Map<string, BoundedNames<SeriesBlock>>()
  readonly #timer: NodeJS.Timeout
  /** Operations that `record` was called for, each at a place derived from its name. */
  readonly #recent: OperationRecorder[]
  /** Where rows and reports go; undefined after the aggregator has disconnected. */
  #target: { readonly journal: Journal; readonly sink: ReportSink } | undefined
  /** The memory that rows are written to after that. */
  #unread: SeriesBlock | undefined
  /** Rows that came after the aggregator's last read, and before this recorder noticed. */
  #rowsLate = 0
  /** Places of the journal that are kept for known statuses of the operations so far. */
  #placesKept = OTHER_STATUSES.length
  #sequence = 0
  #wasStopRequested = false
  #stop: AbortController | undefined
  /** When the last report was made, by a monotonic clock. */
  #reportedMs = Number.NEGATIVE_INFINITY
  #isClosed = false

  /** @internal */
  constructor(parts: RecorderParts) {
    const { identity, journal, sink, intervalMs, now, onMessage, onDisconnect } = parts
    const { bins, seriesMax } = journal.layout
    this.#identity = identity
    this.#intervalMs = intervalMs
    this.#now = now
    this.#onMessage = onMessage
    this.#target = { journal, sink }
    this.#owner = {
      bins,
      blockOf: (operation, status) => this.#blockOf(operation, status),
      report: () => this.report(),
    }
    const make = (name: string) => new OperationRecorder(name, this.#owner)
    // A handle per name, for as many names as the journal can tell apart.
    this.#operations = new BoundedNames(seriesMax, make)
    this.#recent = new Array(RECENT_OPERATIONS).fill(make(UNSET_STATUS))
    this.#timer = setInterval(() => this.#reportInTime(), intervalMs)
    // Telemetry alone must not keep a thread alive.
    this.#timer.unref()
    onDisconnect?.(() => this.#disconnect())
  }

  /** The engine's index. */
  get engine(): number {
    return this.#identity.engine
  }

  /**
   * Whether rows are no longer counted: `close` was called, or the aggregator has disconnected this
   * engine or was closed.
   */
  get closed(): boolean {
    return this.#isClosed || this.#isDisconnected()
  }

  /**
   * Rows that were recorded after the aggregator disconnected this engine or was closed. They are
   * counted nowhere else.
   */
  get dropped(): number {
    this.#isDisconnected()
    return this.#rowsLate + (this.#unread?.floats[SERIES.rows] ?? 0)
  }

  /** Whether the main thread asked this engine to stop; it may be read in any loop (some ns). */
  get stopRequested(): boolean {
    if (this.#target === undefined) return this.#wasStopRequested
    return Atomics.load(this.#target.journal.words, HEADER.stopRequested) !== 0
  }

  /**
   * Aborted when the main thread asks this engine to stop, as soon as this thread's event loop
   * turns. Waiting for it does not keep the thread alive: a thread that has nothing else to do
   * ends. Keep it alive with a timer that is cleared on abort:
   * `const timer = setInterval(() => {}, 2 ** 30)`.
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
   * The handle that records an operation; the same one each time. Past as many operations as the
   * journal has series, and for a name longer than 255 bytes, it is that of `other`.
   *
   * @throws MoonmeterError `INVALID_ROW` when the name is no string
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
  record(operation: string, durationSeconds: number, numKeys: number, options?: RowOptions): void {
    // A misspelt option would pass for a default. Checking all names takes longer than recording, so
    // it is done only where `numBytes`, which most calls have, is missing.
    if (options !== undefined && options.numBytes === undefined) {
      refuseUnknownOptions('record', options, ROW_FIELDS)
    }
    this.#recorderOf(operation).record(
      durationSeconds,
      numKeys,
      options?.numBytes,
      options?.status,
      options?.numFailedKeys,
    )
  }

  /**
   * The handle of an operation. A comparison of its name takes a third of the look-up in the map.
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
   * Send a report of everything recorded so far, unless the sink is not ready. A port is not ready
   * while two reports wait unread. What is not sent now is in the next report.
   */
  report(): void {
    if (!this.closed) this.#send(false)
  }

  /** Send the last report and close the sink. Recording afterwards throws `CLOSED`. */
  close(): void {
    if (this.#isClosed) return
    if (!this.#isDisconnected()) this.#send(true)
    this.#isClosed = true
    this.#release()
  }

  /** The aggregator may have asked for a report just before the interval was over. */
  #reportInTime(): void {
    if (performance.now() - this.#reportedMs >= this.#intervalMs / 2) this.report()
  }

  /** Whether the aggregator no longer counts rows; it tells so in the header of the journal. */
  #isDisconnected(): boolean {
    if (this.#target === undefined) return this.#unread !== undefined
    const { words } = this.#target.journal
    if (Atomics.load(words, HEADER.state) !== JOURNAL_STATE.closed) return false
    this.#disconnect()
    return true
  }

  /** Count rows apart from now on, as nobody reads the journal. */
  #disconnect(): void {
    if (this.#target === undefined) return
    const { layout, floats, words, rows } = this.#target.journal
    // Where only the port was lost, the aggregator reads the journal once more.
    const isRead = Atomics.load(words, HEADER.state) === JOURNAL_STATE.closed
    this.#rowsLate = isRead ? rows - floats[ROWS_COUNTED] : 0
    const memory = new ArrayBuffer(layout.seriesLength * FLOAT64_BYTES)
    this.#unread = { floats: new Float64Array(memory), words: new Int32Array(memory) }
    this.#release()
  }

  /** Let go of the timer, the sink and the journal, to which the handles refer too. */
  #release(): void {
    clearInterval(this.#timer)
    for (const operation of this.#operations.entries.values()) operation.detach()
    this.#blocks.clear()
    this.#wasStopRequested = this.stopRequested
    const sink = this.#target?.sink
    this.#target = undefined
    callSafely('sink.close', () => sink?.close?.())
  }

  /** The memory of a series in the journal; past a limit that of `other`. */
  #blockOf(operation: string, status: string): SeriesBlock {
    if (this.#isClosed) {
      throw new MoonmeterError(
        'CLOSED',
        `recorder of engine ${this.engine}: expected no rows after close(), got one of ` +
          `'${operation}'; check 'closed' or close later`,
      )
    }
    if (typeof status !== 'string') {
      throw new MoonmeterError('INVALID_ROW', `status: expected a string, got ${typeof status}`)
    }
    if (this.#unread !== undefined) return this.#unread
    let statuses = this.#blocks.get(operation)
    if (statuses === undefined) {
      if (operation !== OTHER) this.#placesKept += KNOWN_STATUSES.length
      const make = (name: string) => this.#addSeries(operation, name)
      statuses = new BoundedNames(STATUSES_MAX, make, KNOWN_STATUSES)
      this.#blocks.set(operation, statuses)
    }
    return statuses.get(status)
  }

  /**
   * A new block for a series. Where the places that are left are kept for others, it is a block of
   * operation `other`.
   */
  #addSeries(operation: string, status: string): SeriesBlock {
    if (this.#target === undefined) return NO_BLOCK
    const { journal } = this.#target
    const isKnown = KNOWN_STATUSES.includes(status)
    const isOther = operation === OTHER && OTHER_STATUSES.includes(status)
    const left = journal.layout.blockCount - journal.seriesCount
    if (!isOther && left <= (isKnown ? this.#otherPlacesKept : this.#placesKept)) {
      return this.#blockOf(OTHER, isKnown ? status : OTHER)
    }
    if (isOther || isKnown) this.#placesKept--
    return journal.blockOf(journal.addSeries({ operation, status }))
  }

  /** Of the places that are kept, those of operation `other`. */
  get #otherPlacesKept(): number {
    const used = this.#blocks.get(OTHER)?.entries
    return OTHER_STATUSES.filter((status) => used?.has(status) !== true).length
  }

  #send(isFinal: boolean): void {
    if (this.#target === undefined) return
    const { journal, sink } = this.#target
    journal.setReportDue(false)
    this.#reportedMs = performance.now()
    journal.fold()
    callSafely('sink.send', () => {
      if (!isFinal && sink.isReady?.() === false) return undefined
      const bytes = encodeReport({
        ...this.#identity,
        sequence: ++this.#sequence,
        timestampMs: this.#now(),
        final: isFinal,
        bounds: journal.layout.bins.bounds,
        series: journal.readFolded(),
      })
      return sink.send(bytes)
    })
  }
}
