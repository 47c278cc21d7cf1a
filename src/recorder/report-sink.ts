import type { MessagePort } from 'node:worker_threads'
import type { Journal } from '../journal/journal.js'
import { HEADER } from '../journal/journal-layout.js'

/**
 * Reports that may wait unacknowledged on a port; the next one is sent after one of them was read.
 */
const UNACKNOWLEDGED_MAX = 2

/**
 * Where a recorder sends its reports: a message port, a pipe to a parent process, a message broker.
 * Reports are cumulative: each contains everything the recorder has counted, so one that is lost,
 * late or sent twice costs nothing.
 */
export interface ReportSink {
  /**
   * Send one report. An exception or a rejected promise is emitted as a warning once, and the rows
   * are in the next report.
   *
   * @param bytes of a MessagePack map, for `EngineAggregator.ingest`; not reused by the recorder
   * @returns nothing, or a promise
   */
  send(bytes: Uint8Array): void
  /**
   * Whether a report may be sent now; where it returns false, none is made. Use it to bound what
   * waits on a slow transport. The last report is sent in any case. Default: always true.
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
