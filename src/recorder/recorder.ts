import type { MessagePort } from 'node:worker_threads'
import { OTHER } from '../catalogue.js'
import { MoonmeterError } from '../errors.js'
import type { EngineLink } from '../journal/engine-link.js'
import type { Journal } from '../journal/journal.js'
import { HEADER, JOURNAL_STATE } from '../journal/journal-layout.js'
import type { SeriesBlock } from '../journal/series-block.js'
import { refuseUnknownOptions } from '../options.js'
import { fitsLabel } from '../stats/label.js'
import { ROW_OPTIONS, type RowOptions } from '../stats/row.js'
import { encodeReport } from '../wire/report.js'
import { NO_NAME } from './nobody.js'
import { OperationRecorder } from './operation-recorder.js'

/** Reports that may wait unread on the port; the next leaves once one of them was taken. */
const UNREAD_REPORTS_MAX = 2
/** Statuses of one operation told apart in a journal; rows of further ones go to `other`. */
const STATUSES_MAX = 8
/** Operations that are found without looking their name up; a power of two. */
const RECENT_OPERATIONS = 16

/** What a recorder takes from outside so that tests can give it. */
export interface RecorderOptions {
  /** The wall clock, in milliseconds since 1970; default `Date.now`. */
  readonly now?: () => number
}

/**
 * Records an engine's store operations into its journal and posts a report of all of it every
 * interval. Made by `createRecorder`; there is one per life of an engine.
 */
export class Recorder {
  readonly journal: Journal
  readonly #link: EngineLink
  readonly #port: MessagePort
  readonly #now: () => number
  readonly #operations = new Map<string, OperationRecorder>()
  /** The memory of each series, by operation and status. */
  readonly #blocks = new Map<string, Map<string, SeriesBlock>>()
  readonly #timer: NodeJS.Timeout
  /** Operations that `record` was called for, each at a place that its name tells. */
  readonly #recent: OperationRecorder[]
  #stop: AbortController | undefined
  /** When the last report was made, by a clock that only goes forward. */
  #reportedMs = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(link: EngineLink, journal: Journal, options: RecorderOptions) {
    this.journal = journal
    this.#link = link
    this.#port = link.port
    this.#now = options.now ?? Date.now
    this.#recent = new Array(RECENT_OPERATIONS).fill(new OperationRecorder(NO_NAME, this))
    this.#timer = setInterval(() => this.#reportInTime(), link.intervalMs)
    // Telemetry alone must not keep a thread alive.
    this.#timer.unref()
  }

  /** The engine's index. */
  get engine(): number {
    return this.#link.engine
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return this.#closed
  }

  /** Whether the main thread asked this engine to stop; cheap enough to read in any loop. */
  get stopRequested(): boolean {
    return Atomics.load(this.journal.words, HEADER.stopRequested) !== 0
  }

  /** Aborted once the main thread asked this engine to stop, as soon as the thread is not busy. */
  get signal(): AbortSignal {
    if (this.#stop === undefined) {
      const stop = new AbortController()
      this.#stop = stop
      // Whatever comes by the port, the journal has the word: it only wakes the thread up.
      const check = () => this.stopRequested && stop.abort()
      this.#port.on('message', check)
      this.#port.unref()
      check()
    }
    return this.#stop.signal
  }

  /**
   * The handle that records an operation; the same one each time. Past as many as the journal has
   * series, and for a name that is too long, it is that of `other`.
   *
   * @throws MoonmeterError `INVALID_ROW` when the name is no string
   */
  operation(name: string): OperationRecorder {
    const known = this.#operations.get(name)
    if (known !== undefined) return known
    if (typeof name !== 'string') {
      throw new MoonmeterError('INVALID_ROW', `operation: expected a string, got ${typeof name}`)
    }
    if (!name.isWellFormed()) return this.operation(name.toWellFormed())
    // A handle per name, of as many names as the journal could tell apart.
    const isLimited = this.#operations.size >= this.journal.layout.seriesMax || !fitsLabel(name)
    if (isLimited && name !== OTHER) return this.operation(OTHER)
    const operation = new OperationRecorder(name, this)
    this.#operations.set(name, operation)
    return operation
  }

  /**
   * Record one call to the store by the name of its operation.
   *
   * @throws MoonmeterError as `OperationRecorder.record`
   */
  record(operation: string, durationSeconds: number, numKeys: number, options?: RowOptions): void {
    // A misspelt option passes for a default. Looking at all names takes longer than recording,
    // so it is done where the most usual one is missing.
    if (options !== undefined && options.numBytes === undefined) {
      refuseUnknownOptions('record', options, ROW_OPTIONS)
    }
    this.#recorderOf(operation).record(
      durationSeconds,
      numKeys,
      options?.numBytes,
      options?.status,
      options?.numFailedKeys,
    )
  }

  /** The handle of an operation: comparing its name takes a third of looking it up. */
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
   * Post a report of all that was recorded so far, unless two wait unread already: what is not
   * sent now is in the next one.
   */
  report(): void {
    if (this.#closed) return
    this.#post(false)
  }

  /** The aggregator may have asked just before the interval was over. */
  #reportInTime(): void {
    if (performance.now() - this.#reportedMs >= this.#link.intervalMs / 2) this.report()
  }

  /** Post the last report and close the port. Recording afterwards throws `CLOSED`. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#timer)
    for (const operation of this.#operations.values()) operation.forget()
    this.#post(true)
    Atomics.store(this.journal.words, HEADER.state, JOURNAL_STATE.closed)
    this.#port.close()
  }

  /**
   * The memory of a series in the journal; past a limit that of `other`.
   *
   * @throws MoonmeterError `CLOSED` after `close`
   */
  blockOf(operation: string, status: string): SeriesBlock {
    if (this.#closed) {
      throw new MoonmeterError(
        'CLOSED',
        `recorder of engine ${this.engine}: expected no rows after close(), got one of ` +
          `'${operation}'; check 'closed' or close later`,
      )
    }
    const statuses = this.#blocks.get(operation)
    return statuses?.get(status) ?? this.#addSeries(operation, status)
  }

  #addSeries(operation: string, status: string): SeriesBlock {
    if (typeof status !== 'string') {
      throw new MoonmeterError('INVALID_ROW', `status: expected a string, got ${typeof status}`)
    }
    if (!status.isWellFormed()) return this.blockOf(operation, status.toWellFormed())
    const statuses = this.#blocks.get(operation) ?? new Map<string, SeriesBlock>()
    const limited = status !== OTHER && (statuses.size >= STATUSES_MAX || !fitsLabel(status))
    if (limited) return this.blockOf(operation, OTHER)
    // One block is kept for rows that have nowhere else to go.
    const reserved = this.#blocks.get(OTHER)?.has(OTHER) ? 0 : 1
    const full = this.journal.seriesCount >= this.journal.layout.seriesMax - reserved
    const isLast = operation === OTHER && status === OTHER
    if (!isLast && (full || !fitsLabel(operation))) return this.blockOf(OTHER, OTHER)
    const block = this.journal.blockOf(this.journal.addSeries({ operation, status }))
    statuses.set(status, block)
    this.#blocks.set(operation, statuses)
    return block
  }

  #post(final: boolean): void {
    const { words } = this.journal
    this.journal.setReportDue(false)
    this.#reportedMs = performance.now()
    this.journal.fold()
    const unread = words[HEADER.posted] - Atomics.load(words, HEADER.taken)
    if (unread >= UNREAD_REPORTS_MAX) return
    const sequence = Atomics.add(words, HEADER.posted, 1) + 1
    const bytes = encodeReport({
      engine: this.#link.engine,
      incarnation: this.#link.incarnation,
      sequence,
      timestampMs: this.#now(),
      final,
      bounds: this.#link.bounds,
      series: this.journal.snapshot('gone') ?? [],
    })
    // Copied, not transferred: once a thread has transferred any memory, compiled code looks before
    // each access whether its array is still there, and a row takes 2 ns longer.
    this.#port.postMessage(bytes)
  }
}
