import { callSafely } from '../call-safely.js'
import { OTHER } from '../catalogue.js'
import { MoonmeterError } from '../errors.js'
import type { Journal } from '../journal/journal.js'
import { HEADER } from '../journal/journal-layout.js'
import type { SeriesBlock } from '../journal/series-block.js'
import { refuseUnknownOptions } from '../options.js'
import type { SourceIdentity } from '../source-identity.js'
import { BoundedNames } from '../stats/bounded-names.js'
import { ROW_FIELDS, type RowOptions } from '../stats/row.js'
import { encodeReport } from '../wire/report.js'
import { OperationRecorder, type SeriesOwner } from './operation-recorder.js'
import type { ReportSink } from './report-sink.js'
import { UNSET_STATUS } from './unset-status.js'

/** Statuses of one operation told apart in a journal; rows of further ones go to `other`. */
const STATUSES_MAX = 8
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
}

/**
 * Records an engine's store operations into its journal and sends a report of all of it every
 * interval. Made by `createRecorder`; there is one per incarnation of an engine.
 */
export class Recorder {
  readonly #parts: RecorderParts
  readonly #journal: Journal
  readonly #owner: SeriesOwner
  readonly #operations: BoundedNames<OperationRecorder>
  /** The memory of each series, by operation and status. */
  readonly #blocks = new Map<string, BoundedNames<SeriesBlock>>()
  readonly #timer: NodeJS.Timeout
  /** Operations that `record` was called for, each at a place derived from its name. */
  readonly #recent: OperationRecorder[]
  #stop: AbortController | undefined
  /** When the last report was made, by a monotonic clock. */
  #reportedMs = Number.NEGATIVE_INFINITY
  #closed = false

  /** @internal */
  constructor(parts: RecorderParts) {
    const { journal, intervalMs } = parts
    this.#parts = parts
    this.#journal = journal
    this.#owner = {
      journal,
      blockOf: (operation, status) => this.#blockOf(operation, status),
      report: () => this.report(),
    }
    const make = (name: string) => new OperationRecorder(name, this.#owner)
    // A handle per name, for as many names as the journal can tell apart.
    this.#operations = new BoundedNames(journal.layout.seriesMax, make)
    this.#recent = new Array(RECENT_OPERATIONS).fill(make(UNSET_STATUS))
    this.#timer = setInterval(() => this.#reportInTime(), intervalMs)
    // Telemetry alone must not keep a thread alive.
    this.#timer.unref()
  }

  /** The engine's index. */
  get engine(): number {
    return this.#parts.identity.engine
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return this.#closed
  }

  /** Whether the main thread asked this engine to stop; it may be read in any loop (some ns). */
  get stopRequested(): boolean {
    return Atomics.load(this.#journal.words, HEADER.stopRequested) !== 0
  }

  /**
   * Aborted when the main thread asks this engine to stop, as soon as this thread's event loop
   * turns. Waiting for it does not keep the thread alive.
   */
  get signal(): AbortSignal {
    if (this.#stop === undefined) {
      const stop = new AbortController()
      this.#stop = stop
      // The stop flag is in the journal; the message only wakes the event loop.
      const check = () => this.stopRequested && stop.abort()
      this.#parts.onMessage?.(check)
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
    if (!this.#closed) this.#send(false)
  }

  /** Send the last report and close the sink. Recording afterwards throws `CLOSED`. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#timer)
    for (const operation of this.#operations.entries.values()) operation.detach()
    this.#send(true)
    const { sink } = this.#parts
    callSafely('sink.close', () => sink.close?.())
  }

  /** The aggregator may have asked for a report just before the interval was over. */
  #reportInTime(): void {
    if (performance.now() - this.#reportedMs >= this.#parts.intervalMs / 2) this.report()
  }

  /** The memory of a series in the journal; past a limit that of `other`. */
  #blockOf(operation: string, status: string): SeriesBlock {
    if (this.#closed) {
      throw new MoonmeterError(
        'CLOSED',
        `recorder of engine ${this.engine}: expected no rows after close(), got one of ` +
          `'${operation}'; check 'closed' or close later`,
      )
    }
    if (typeof status !== 'string') {
      throw new MoonmeterError('INVALID_ROW', `status: expected a string, got ${typeof status}`)
    }
    let statuses = this.#blocks.get(operation)
    if (statuses === undefined) {
      const make = (name: string) => this.#addSeries(operation, name)
      statuses = new BoundedNames(STATUSES_MAX, make)
      this.#blocks.set(operation, statuses)
    }
    return statuses.get(status)
  }

  /** A new block for a series, or the block of `other` where only the one kept for it is left. */
  #addSeries(operation: string, status: string): SeriesBlock {
    const { seriesMax } = this.#journal.layout
    const isOther = operation === OTHER && status === OTHER
    const isReserved = this.#blocks.get(OTHER)?.entries.has(OTHER) !== true
    const left = seriesMax - this.#journal.seriesCount - (isReserved ? 1 : 0)
    if (!isOther && left <= 0) return this.#blockOf(OTHER, OTHER)
    return this.#journal.blockOf(this.#journal.addSeries({ operation, status }))
  }

  #send(isFinal: boolean): void {
    const { identity, sink, now } = this.#parts
    const journal = this.#journal
    journal.setReportDue(false)
    this.#reportedMs = performance.now()
    journal.fold()
    callSafely('sink.send', () => {
      if (!isFinal && sink.isReady?.() === false) return undefined
      const bytes = encodeReport({
        ...identity,
        sequence: Atomics.add(journal.words, HEADER.sent, 1) + 1,
        timestampMs: now(),
        final: isFinal,
        bounds: journal.layout.bins.bounds,
        series: journal.readFolded(),
      })
      return sink.send(bytes)
    })
  }
}
