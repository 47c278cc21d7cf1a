import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { EngineAggregator, EngineLink } from '../../../src/index.js'
import { HEADER } from '../../../src/journal/journal-layout.js'
import { createRecorder, type Recorder } from '../../../src/recorder/index.js'

/**
 * An incarnation whose reports the test captures, and ingests or posts when and as often as it
 * likes.
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

  /** Record so many rows of half a second. */
  rows(count: number): this {
    for (let row = 0; row < count; row++) this.recorder.record('load_get', 0.5, 1)
    return this
  }

  /** The bytes of a report of everything so far. */
  report(): Uint8Array {
    // As if everything had been acknowledged, so that two captured reports do not hold it up.
    const words = new Int32Array(this.link.journal)
    words[HEADER.acknowledged] = words[HEADER.sent]
    this.recorder.report()
    return receiveMessageOnPort(this.#port)?.message
  }

  /** Post a report to the port of this incarnation. */
  post(report: Uint8Array): void {
    this.link.port.postMessage(report)
  }

  /** End the incarnation as a thread that ends does: its port closes without another message. */
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

/** All orders of some things. */
export function* permutations<Thing>(things: readonly Thing[]): Generator<readonly Thing[]> {
  if (things.length === 0) yield []
  for (const [index, first] of things.entries()) {
    for (const rest of permutations(things.toSpliced(index, 1))) yield [first, ...rest]
  }
}
