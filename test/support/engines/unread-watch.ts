/** A worker that continuously counts unread reports, and keeps the maximum. */

import { workerData } from 'node:worker_threads'
import { HEADER } from '../../../src/journal/journal-layout.js'

/** The journals to watch, and the results. */
export interface UnreadWatch {
  readonly journals: readonly SharedArrayBuffer[]
  /**
   * An int32 per journal, the maximum number of unread reports; then one for the number of checks.
   */
  readonly most: SharedArrayBuffer
}

const LOOK_MS = 1

const { journals, most } = workerData as UnreadWatch
const headers = journals.map((journal) => new Int32Array(journal))
const found = new Int32Array(most)
for (;;) {
  for (const [index, words] of headers.entries()) {
    // Two words cannot be read atomically. If one is equal before and after the read of the other,
    // both are of one moment.
    const taken = Atomics.load(words, HEADER.acknowledged)
    const posted = Atomics.load(words, HEADER.sent)
    if (Atomics.load(words, HEADER.acknowledged) !== taken) continue
    Atomics.store(found, index, Math.max(found[index], posted - taken))
  }
  Atomics.add(found, journals.length, 1)
  // No thread notifies: this is a sleep without the event loop.
  Atomics.wait(found, journals.length, found[journals.length], LOOK_MS)
}
