import { elapsedMs } from '../elapsed.js'
import { blockThread } from '../journal/block-thread.js'
import { type FirstReading, STORES_VISIBLE_MS } from '../journal/journal-reader.js'
import type { Incarnation } from './incarnation.js'
import type { Source } from './source.js'

/** An incarnation that records in this process, with its source. */
export interface LocalIncarnation {
  readonly source: Source
  readonly incarnation: Incarnation
}

/**
 * Reads the journals of running incarnations, one per step. Rows that are not folded are read
 * twice, some time apart: after a step that yields a number, the caller waits that many
 * milliseconds.
 *
 * @param guard calls its argument, which throws when a journal is corrupt
 * @returns the incarnations whose rows at the start were not all read
 */
export function* readJournals(
  locals: Iterable<LocalIncarnation>,
  guard: (read: () => void) => void,
): Generator<number | undefined, LocalIncarnation[]> {
  const begun = new Map<LocalIncarnation, FirstReading>()
  let endMs = 0
  for (const local of locals) {
    const first = local.incarnation.beginRead()
    if (first === undefined) continue
    begun.set(local, first)
    endMs = elapsedMs() + STORES_VISIBLE_MS
    yield
  }
  while (elapsedMs() < endMs) yield endMs - elapsedMs()
  const incomplete: LocalIncarnation[] = []
  for (const [local, first] of begun) {
    guard(() => {
      if (!local.source.finishRead(local.incarnation, first)) incomplete.push(local)
    })
    yield
  }
  return incomplete
}

/** Runs all steps synchronously, and blocks the thread for the milliseconds that they yield. */
export function runBlocking<Result>(steps: Iterator<number | undefined, Result>): Result {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (step.value !== undefined) blockThread(step.value)
  }
}
