import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { LocalIncarnation } from '../aggregator/aggregation.js'
import type { Journal } from '../journal/journal.js'
import { HEADER } from '../journal/journal-layout.js'

export interface ConnectionEvents {
  /** A message came from the engine's thread; nothing of it was validated yet. */
  readonly message: (message: unknown) => void
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
    let received = receiveMessageOnPort(this.#port)
    while (received !== undefined) {
      this.#receive(received.message)
      received = receiveMessageOnPort(this.#port)
    }
    this.#port.close()
  }

  #receive(message: unknown): void {
    // Acknowledged before anything else, so that a rejected message makes room too.
    Atomics.add(this.#journal.words, HEADER.acknowledged, 1)
    this.#events.message(message)
  }
}
