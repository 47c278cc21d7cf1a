import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { Journal } from '../journal/journal.js'
import { HEADER } from '../journal/journal-layout.js'
import type { Life } from './life.js'

/** What a connection tells its owner. */
export interface ConnectionEvents {
  /** Something came from the engine; nothing of it was looked at yet. */
  readonly message: (message: unknown) => void
  /** The port closed, as it does when the engine closes it or its thread ends in any way. */
  readonly close: () => void
}

/** The aggregator's end of a link: the port reports come by, and the journal they come from. */
export class Connection {
  readonly life: Life
  readonly #journal: Journal
  readonly #port: MessagePort
  readonly #events: ConnectionEvents
  /** When the engine was last heard of, by a clock that only goes forward. */
  #heardMs: number

  constructor(
    life: Life,
    journal: Journal,
    port: MessagePort,
    uptimeMs: number,
    events: ConnectionEvents,
  ) {
    this.life = life
    this.#heardMs = uptimeMs
    this.#journal = journal
    this.#port = port
    this.#events = events
    port.on('message', (message) => this.#take(message))
    port.on('close', events.close)
    // Telemetry alone must not keep a process alive.
    port.unref()
  }

  /** Note that the engine was heard of. */
  heard(uptimeMs: number): void {
    this.#heardMs = uptimeMs
  }

  /** Whether the engine was not heard of for a time. */
  isSilent(uptimeMs: number, forMs: number): boolean {
    return uptimeMs - this.#heardMs >= forMs
  }

  /** Ask for a report, which also a `record` in a loop that never yields will send. */
  askForReport(): void {
    this.#journal.setReportDue(true)
  }

  /** Ask the engine to stop: by a word that a busy thread can read, and a message to wake it. */
  requestStop(): void {
    Atomics.store(this.#journal.words, HEADER.stopRequested, 1)
    this.#port.postMessage('stop')
  }

  /** Take what was posted up to now, and listen no more. */
  close(): void {
    this.#port.removeAllListeners()
    let received = receiveMessageOnPort(this.#port)
    while (received !== undefined) {
      this.#take(received.message)
      received = receiveMessageOnPort(this.#port)
    }
    this.#port.close()
  }

  #take(message: unknown): void {
    // Told before anything else, so that a message that is refused makes room too.
    Atomics.add(this.#journal.words, HEADER.taken, 1)
    this.#events.message(message)
  }
}
