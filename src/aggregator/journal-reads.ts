import { blockThread } from '../journal/block-thread.js'
import { type FirstReading, STORES_VISIBLE_MS } from '../journal/journal-reader.js'
import type { Incarnation } from './incarnation.js'
import type { Source } from './source.js'

/** An incarnation that records in this process, with its engine. */
export interface LocalIncarnation {
  readonly source: Source
  readonly incarnation: Incarnation
}

/**
 * Reads the journals of running incarnations, one a step. Rows that no fold published are read
 * twice, with time in between: a step that yields a number is to be followed by as many milliseconds.
 *
 * @param guard calls its argument, which throws when a journal is corrupt
 * @returns those of which not every row has been read that was there at the begin
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
    endMs = performance.now() + STORES_VISIBLE_MS
    yield
  }
  while (performance.now() < endMs) yield endMs - performance.now()
  const incomplete: LocalIncarnation[] = []
  for (const [local, first] of begun) {
    guard(() => {
      if (!local.source.finishRead(local.incarnation, first)) incomplete.push(local)
    })
    yield
  }
  return incomplete
}

/** Takes all steps now; the thread is blocked between them for as long as they yield. */
export function runBlocking<Result>(steps: Iterator<number | undefined, Result>): Result {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (step.value !== undefined) blockThread(step.value)
  }
}
