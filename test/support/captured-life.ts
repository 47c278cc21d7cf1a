import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { EngineAggregator, EngineLink } from '../../src/index.js'
import { HEADER } from '../../src/journal/journal-layout.js'
import { createRecorder, type Recorder } from '../../src/recorder/index.js'

/**
 * A life of an engine whose reports do not leave by themselves: the test has them, and hands each
 * in when and as often as it likes.
 */
export class CapturedLife {
  readonly link: EngineLink
  readonly recorder: Recorder
  readonly #port: MessagePort

  /** Begins a life of an engine; its recorder is on this thread. */
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
    // As if all that was posted had been taken, so that two captured reports do not hold it up.
    const { words } = this.recorder.journal
    words[HEADER.taken] = words[HEADER.posted]
    this.recorder.report()
    return receiveMessageOnPort(this.#port)?.message
  }

  /** Hand a report in by the port of this life. */
  post(report: Uint8Array): void {
    this.link.port.postMessage(report)
  }

  /** End the life as a thread that ends does: its port closes without another word. */
  die(): void {
    this.link.port.close()
  }

  /** Let go of what the test holds. */
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
