import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import type { EngineLink } from '../../src/index.js'
import { Journal } from '../../src/journal/journal.js'
import { HEADER, JournalLayout } from '../../src/journal/journal-layout.js'
import { createRecorder, type Recorder } from '../../src/recorder/index.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'

const SERIES_MAX = 32
/** The timer never makes a report; benchmarks call `report()`. */
const NEVER_MS = 2 ** 31 - 1

/** An engine that records on this thread; the benchmark reads its reports from the port. */
export class OpenEngine {
  readonly recorder: Recorder
  readonly #channel = new MessageChannel()
  readonly #words: Int32Array

  constructor(engine: number) {
    const journal = Journal.allocate(new JournalLayout(DEFAULT_LAYOUT, SERIES_MAX))
    const port = this.#channel.port1
    const link: EngineLink = {
      engine,
      incarnation: 1,
      journal,
      seriesMax: SERIES_MAX,
      bounds: DEFAULT_LAYOUT.bounds,
      operations: [],
      extraMetrics: [],
      intervalMs: NEVER_MS,
      port,
      transferList: [port],
    }
    this.#words = new Int32Array(journal)
    this.recorder = createRecorder(link)
  }

  /** The waiting report of the port. */
  take(): Uint8Array | undefined {
    const received = receiveMessageOnPort(this.#channel.port2)
    if (received === undefined) return undefined
    Atomics.add(this.#words, HEADER.acknowledged, 1)
    return received.message
  }

  close(): void {
    this.recorder.close()
    this.#channel.port2.close()
  }
}
