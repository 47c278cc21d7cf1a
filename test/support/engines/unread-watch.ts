/** A worker that looks all the time how many reports wait unread, and keeps the most it saw. */

import { workerData } from 'node:worker_threads'
import { HEADER } from '../../../src/journal/journal-layout.js'

/** What to look at. */
export interface UnreadWatch {
  readonly journals: readonly SharedArrayBuffer[]
  /** An int32 per journal: the most reports that were unread; behind them, how often it looked. */
  readonly most: SharedArrayBuffer
}

const LOOK_MS = 1

const { journals, most } = workerData as UnreadWatch
const headers = journals.map((journal) => new Int32Array(journal))
const found = new Int32Array(most)
for (;;) {
  for (const [index, words] of headers.entries()) {
    // Two words cannot be read at once; between two equal looks at one, the other is at that time.
    const taken = Atomics.load(words, HEADER.acknowledged)
    const posted = Atomics.load(words, HEADER.sent)
    if (Atomics.load(words, HEADER.acknowledged) !== taken) continue
    Atomics.store(found, index, Math.max(found[index], posted - taken))
  }
  Atomics.add(found, journals.length, 1)
  // Nobody notifies; it is a sleep that does not need the event loop.
  Atomics.wait(found, journals.length, found[journals.length], LOOK_MS)
}
