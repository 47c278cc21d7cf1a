import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { LocalIncarnation } from '../aggregator/journal-reads.js'
import type { Journal } from '../journal/journal.js'
import { HEADER, JOURNAL_STATE, ROWS_COUNTED } from '../journal/journal-layout.js'

/**
 * Messages taken from a port in one turn of the event loop. A recorder sends three: two that may
 * wait, and its last report.
 */
const MESSAGES_MAX = 16

export interface ConnectionEvents {
  /** A message came from the engine's thread; nothing of it was validated yet. */
  readonly message: (message: unknown) => void
  /** More messages came than flow control allows. */
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
  /** Messages that came since the last acknowledgement. */
  #received = 0

  constructor(
    local: LocalIncarnation,
    journal: Journal,
    port: MessagePort,
    events: ConnectionEvents,
  ) {
    this.local = local
    this.#journal = journal
    this.#port = port
    this.#events = events
    port.on('message', (message) => this.#receive(message))
    port.on('close', events.close)
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

  /** Take what was sent up to now, and close the port. */
  close(): void {
    this.#port.removeAllListeners()
    for (let taken = 0; taken < MESSAGES_MAX; taken++) {
      const received = receiveMessageOnPort(this.#port)
      if (received === undefined) break
      this.#events.message(received.message)
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
    this.#received++
    if (this.#received > MESSAGES_MAX) this.#events.flood()
    else {
      if (this.#received === 1) this.#acknowledgeLater()
      this.#events.message(message)
    }
  }

  /**
   * Acknowledge at the end of the turn, also messages that were rejected. A recorder that makes
   * reports in a loop then sends as many per turn as may wait, and other events are handled.
   */
  #acknowledgeLater(): void {
    setImmediate(() => {
      Atomics.add(this.#journal.words, HEADER.acknowledged, this.#received)
      this.#received = 0
    }).unref()
  }
}
