// Not the global one, which the fake timers of test runners replace.
import { setImmediate } from 'node:timers'
import { types } from 'node:util'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { LocalIncarnation } from '../aggregator/journal-reads.js'
import { describe } from '../describe.js'
import type { Journal } from '../journal/journal.js'
import { HEADER, JOURNAL_STATE, ROWS_COUNTED } from '../journal/journal-layout.js'
import { closeFileHandles } from './close-file-handles.js'

/**
 * Maximum messages of one port that are handled in a turn of the event loop; a recorder sends at
 * most three.
 */
const MESSAGES_PER_TURN = 16
/** A message that arrives this long after the previous one is acknowledged immediately. */
const QUIET_MS = 5
/**
 * Maximum number of such messages before one is acknowledged at the end of its turn. Messages that
 * Node deserializes slowly are as far apart, although they arrive in the same turn.
 */
const QUIET_MAX = 16
/** Maximum number of messages that wait. */
const WAITING_MAX = 8_192
/**
 * A port is flooded if a turn has lasted this long while more than this number of messages that are not
 * bytes wait. Node delivers at least a thousand messages per turn, and deserializes each before it is
 * counted here, which is slow for large objects. A recorder sends only bytes.
 */
const FOREIGN_MS_MAX = 1_000
const FOREIGN_WAITING_MAX = 16
/** Maximum bytes that wait, in payloads of the maximum size. */
const WAITING_PAYLOADS_MAX = 16

export interface ConnectionEvents {
  /** Called with each message of the engine's thread, which is not validated. */
  readonly message: (message: unknown) => void
  /** Called when more messages arrive than may wait. */
  readonly flood: () => void
  /** Called when the port closes: the engine closed it, or its thread ended. */
  readonly close: () => void
}

/** The aggregator's end of a link: the port for reports, and the journal. */
export class Connection {
  /** The incarnation that records at the other end. */
  readonly local: LocalIncarnation
  readonly #journal: Journal
  readonly #port: MessagePort
  readonly #events: ConnectionEvents
  readonly #waitingBytesMax: number
  readonly #waiting: unknown[] = []
  #waitingBytes = 0
  #foreignWaiting = 0
  #isFlooded = false
  /** The time of the first message of this turn of the event loop, by a monotonic clock. */
  #turnMs = 0
  /** Number of messages acknowledged immediately since the last end of a turn. */
  #quiet = 0
  /** Number of messages handled since the last acknowledgement. */
  #handled = 0
  /** The time of the last message, by a monotonic clock. */
  #lastMs = 0
  // Removed one by one when the port is closed: ports of Deno have no removeAllListeners.
  readonly #onMessage = (message: unknown) => this.#receive(message)
  readonly #onClose = () => {
    this.#handleWaiting(WAITING_MAX)
    this.#events.close()
  }

  constructor(
    local: LocalIncarnation,
    journal: Journal,
    port: MessagePort,
    payloadBytesMax: number,
    events: ConnectionEvents,
  ) {
    this.local = local
    this.#waitingBytesMax = WAITING_PAYLOADS_MAX * payloadBytesMax
    this.#journal = journal
    this.#port = port
    this.#events = events
    port.on('message', this.#onMessage)
    port.on('close', this.#onClose)
    // The port must not keep the process alive.
    port.unref()
  }

  /** Request a report. `record` reads the flag, so an engine that never yields also sends one. */
  requestReport(): void {
    this.#journal.setReportDue(true)
  }

  /** Request the engine to stop: the flag is in the journal, the message wakes its event loop. */
  requestStop(): void {
    Atomics.store(this.#journal.words, HEADER.stopRequested, 1)
    this.#port.postMessage('stop')
  }

  /** Handle the messages sent so far, and close the port. */
  close(): void {
    this.#port.off('message', this.#onMessage)
    this.#port.off('close', this.#onClose)
    this.#handleWaiting(WAITING_MAX)
    for (let taken = 0; taken < WAITING_MAX && !this.#isFlooded; taken++) {
      const received = receiveMessageOnPort(this.#port)
      if (received === undefined) break
      if (!types.isUint8Array(received.message)) closeFileHandles(received.message)
      this.#handle(received.message)
    }
    this.#port.close()
  }

  /** Mark the journal as closed, so that a running recorder stops counting. */
  release(): void {
    const { rows } = this.local.incarnation
    this.#journal.floats[ROWS_COUNTED] = rows
    Atomics.store(this.#journal.words, HEADER.state, JOURNAL_STATE.closed)
    // A recorder that never yields reads the state when it makes a report.
    this.requestReport()
  }

  #receive(message: unknown): void {
    const isForeign = !types.isUint8Array(message)
    if (isForeign) closeFileHandles(message)
    const quietMs = performance.now() - this.#lastMs
    this.#lastMs += quietMs
    // An acknowledgement at the end of the turn would wake the event loop again.
    const isQuiet = quietMs >= QUIET_MS && this.#quiet < QUIET_MAX
    if (isQuiet && this.#handled === 0 && this.#waiting.length === 0) {
      this.#quiet++
      Atomics.add(this.#journal.words, HEADER.acknowledged, 1)
      this.#events.message(message)
      return
    }
    if (this.#handled < MESSAGES_PER_TURN && this.#waiting.length === 0) {
      this.#handle(message)
      return
    }
    // A message that is not bytes is rejected. Only its description is kept, since it may be large.
    this.#waiting.push(isForeign ? describe(message) : message)
    this.#waitingBytes += bytesOf(message)
    if (isForeign) this.#foreignWaiting++
    const isSlow =
      this.#foreignWaiting > FOREIGN_WAITING_MAX && this.#lastMs - this.#turnMs > FOREIGN_MS_MAX
    const isWithin =
      this.#waiting.length <= WAITING_MAX && this.#waitingBytes <= this.#waitingBytesMax
    if (isWithin && !isSlow) return
    this.#waiting.length = 0
    this.#isFlooded = true
    this.#events.flood()
  }

  #handle(message: unknown): void {
    // The immediate keeps the process alive until the waiting messages are handled.
    if (this.#handled === 0) {
      this.#turnMs = performance.now()
      setImmediate(() => this.#endTurn())
    }
    this.#handled++
    this.#events.message(message)
  }

  /**
   * Acknowledge the messages handled in this turn, rejected ones included. So a recorder that
   * reports in a loop sends at most two reports per turn, and other events are handled in between.
   */
  #endTurn(): void {
    Atomics.add(this.#journal.words, HEADER.acknowledged, this.#handled)
    this.#handled = 0
    this.#quiet = 0
    this.#handleWaiting(MESSAGES_PER_TURN)
  }

  #handleWaiting(max: number): void {
    for (const message of this.#waiting.splice(0, max)) {
      this.#waitingBytes -= bytesOf(message)
      if (!types.isUint8Array(message)) this.#foreignWaiting--
      this.#handle(message)
    }
  }
}

/** The bytes of memory that a message holds: posting a view copies its whole buffer. */
function bytesOf(message: unknown): number {
  return types.isUint8Array(message) ? message.buffer.byteLength : 0
}
