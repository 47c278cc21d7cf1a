import { types } from 'node:util'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { LocalIncarnation } from '../aggregator/journal-reads.js'
import { describe } from '../describe.js'
import type { Journal } from '../journal/journal.js'
import { HEADER, JOURNAL_STATE, ROWS_COUNTED } from '../journal/journal-layout.js'

/** Messages of one port that are handled in a turn of the event loop; a recorder sends three. */
const MESSAGES_PER_TURN = 16
/** A message that comes so long after the previous one is acknowledged at once. */
const QUIET_MS = 5
/** Messages that may wait for their turn. */
const WAITING_MAX = 8_192
/** Bytes that may wait, in payloads of the largest size. */
const WAITING_PAYLOADS_MAX = 16

export interface ConnectionEvents {
  /** A message came from the engine's thread; nothing of it was validated yet. */
  readonly message: (message: unknown) => void
  /** More messages came than may wait. */
  readonly flood: () => void
  /** The port closed, as it does when the engine closes it or its thread ends in any way. */
  readonly close: () => void
}

/** The aggregator's end of a link: the port that reports come by, and the journal. */
export class Connection {
  /** The incarnation that records at the other end. */
  readonly local: LocalIncarnation
  readonly #journal: Journal
  readonly #port: MessagePort
  readonly #events: ConnectionEvents
  readonly #waitingBytesMax: number
  readonly #waiting: unknown[] = []
  #waitingBytes = 0
  #isFlooded = false
  /** Messages that were handled since the last acknowledgement. */
  #handled = 0
  /** When the last message came, by a monotonic clock. */
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
    // Telemetry alone must not keep a process alive.
    port.unref()
  }

  /** Ask for a report. `record` reads the flag, so an engine that never yields sends one too. */
  requestReport(): void {
    this.#journal.setReportDue(true)
  }

  /** Ask the engine to stop: the flag is in the journal, the message wakes the event loop. */
  requestStop(): void {
    Atomics.store(this.#journal.words, HEADER.stopRequested, 1)
    this.#port.postMessage('stop')
  }

  /** Handle what was sent up to now, and close the port. */
  close(): void {
    this.#port.off('message', this.#onMessage)
    this.#port.off('close', this.#onClose)
    this.#handleWaiting(WAITING_MAX)
    for (let taken = 0; taken < WAITING_MAX && !this.#isFlooded; taken++) {
      const received = receiveMessageOnPort(this.#port)
      if (received === undefined) break
      this.#handle(received.message)
    }
    this.#port.close()
  }

  /** Tell the recorder, if it still runs, that its further rows are not counted. */
  release(): void {
    const { rows } = this.local.incarnation
    this.#journal.floats[ROWS_COUNTED] = rows
    Atomics.store(this.#journal.words, HEADER.state, JOURNAL_STATE.closed)
    // A recorder that never yields looks at the state when it makes a report.
    this.requestReport()
  }

  #receive(message: unknown): void {
    const quietMs = performance.now() - this.#lastMs
    this.#lastMs += quietMs
    // An acknowledgement at the end of the turn would wake the event loop once more.
    if (quietMs >= QUIET_MS && this.#handled === 0 && this.#waiting.length === 0) {
      Atomics.add(this.#journal.words, HEADER.acknowledged, 1)
      this.#events.message(message)
      return
    }
    if (this.#handled < MESSAGES_PER_TURN && this.#waiting.length === 0) {
      this.#handle(message)
      return
    }
    // A message that is no bytes is rejected, so it need not be kept: it may be large.
    this.#waiting.push(types.isUint8Array(message) ? message : describe(message))
    this.#waitingBytes += bytesOf(message)
    if (this.#waiting.length <= WAITING_MAX && this.#waitingBytes <= this.#waitingBytesMax) return
    this.#waiting.length = 0
    this.#isFlooded = true
    this.#events.flood()
  }

  #handle(message: unknown): void {
    // This keeps the process alive until the end of the turn, since messages may wait for it.
    if (this.#handled === 0) setImmediate(() => this.#endTurn())
    this.#handled++
    this.#events.message(message)
  }

  /**
   * Acknowledge what was handled in this turn, also messages that were rejected. A recorder that
   * makes reports in a loop then sends as many per turn as may wait, and other events are handled.
   */
  #endTurn(): void {
    Atomics.add(this.#journal.words, HEADER.acknowledged, this.#handled)
    this.#handled = 0
    this.#handleWaiting(MESSAGES_PER_TURN)
  }

  #handleWaiting(max: number): void {
    for (const message of this.#waiting.splice(0, max)) {
      this.#waitingBytes -= bytesOf(message)
      this.#handle(message)
    }
  }
}

/** The bytes that a message holds in memory: all of a buffer is posted with a view of it. */
function bytesOf(message: unknown): number {
  return types.isUint8Array(message) ? message.buffer.byteLength : 0
}
