import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { EngineAggregator, EngineLink } from '../../../src/index.js'
import { HEADER } from '../../../src/journal/journal-layout.js'
import { createRecorder, type Recorder } from '../../../src/recorder/index.js'

/**
 * An incarnation whose reports the test captures, and ingests or posts at any time and any number
 * of times.
 */
export class CapturedIncarnation {
  readonly link: EngineLink
  readonly recorder: Recorder
  readonly #port: MessagePort

  /** Begins an incarnation of an engine; its recorder is on this thread. */
  constructor(aggregator: EngineAggregator, engine: number) {
    this.link = aggregator.connect(engine)
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.recorder = createRecorder({ ...this.link, port: port2 })
  }

  /** Record a number of rows of half a second. */
  rows(count: number): this {
    for (let row = 0; row < count; row++) this.recorder.record('load_get', 0.5, 1)
    return this
  }

  /** The bytes of a report of everything so far. */
  report(): Uint8Array {
    // Acknowledges all reports, so that the sink is ready after two captured reports.
    const words = new Int32Array(this.link.journal)
    words[HEADER.acknowledged] = words[HEADER.sent]
    this.recorder.report()
    return receiveMessageOnPort(this.#port)?.message
  }

  /** Post a report to the port of this incarnation. */
  post(report: Uint8Array): void {
    this.link.port.postMessage(report)
  }

  /** End the incarnation like a thread that ends: its port closes without a further message. */
  die(): void {
    this.link.port.close()
  }

  /** Close the recorder and the ports. */
  dispose(): void {
    this.recorder.close()
    this.#port.close()
    this.link.port.close()
  }
}

/** All permutations of a list. */
export function* permutations<Thing>(things: readonly Thing[]): Generator<readonly Thing[]> {
  if (things.length === 0) yield []
  for (const [index, first] of things.entries()) {
    for (const rest of permutations(things.toSpliced(index, 1))) yield [first, ...rest]
  }
}
