import type { MessagePort } from 'node:worker_threads'
import type { Journal } from '../journal/journal.js'
import { HEADER } from '../journal/journal-layout.js'

/** Maximum number of unacknowledged reports on a port. */
const UNACKNOWLEDGED_MAX = 2

/**
 * The transport of a recorder's reports: a message port, a pipe to a parent process, a message
 * broker. Reports are cumulative: each contains everything that the recorder has counted, so a
 * report that is lost, late or sent twice changes no result.
 */
export interface ReportSink {
  /**
   * Send one report. An exception or a rejected promise is emitted as a warning once, and the next
   * report contains the rows.
   *
   * @param bytes a MessagePack map, for `EngineAggregator.ingest`; the recorder does not reuse the
   * memory
   * @returns nothing, or a promise
   */
  send(bytes: Uint8Array): void
  /**
   * Whether the sink accepts a report now. If it returns false, the recorder encodes none. Use it
   * to bound the reports that wait on a slow transport. The last report is sent in any case.
   * Default: always true.
   */
  isReady?(): boolean
  /** Called once, after the last report. */
  close?(): void
}

/** Sends reports over the port of an `EngineLink`, as long as the aggregator reads them. */
export class PortSink implements ReportSink {
  readonly #port: MessagePort
  readonly #words: Int32Array

  constructor(port: MessagePort, { words }: Journal) {
    this.#port = port
    this.#words = words
  }

  isReady(): boolean {
    const sent = Atomics.load(this.#words, HEADER.sent)
    const acknowledged = Atomics.load(this.#words, HEADER.acknowledged)
    // Both numbers wrap around after 2^31 reports; their difference does not.
    return ((sent - acknowledged) | 0) < UNACKNOWLEDGED_MAX
  }

  send(bytes: Uint8Array): void {
    Atomics.add(this.#words, HEADER.sent, 1)
    // Copied, not transferred: once a thread has transferred any memory, compiled code checks at
    // each access whether the array is still attached, and a row takes 2 ns longer.
    this.#port.postMessage(bytes)
  }

  close(): void {
    this.#port.close()
  }
}
