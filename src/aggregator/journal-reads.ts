import { blockThread } from '../journal/block-thread.js'
import { STORES_VISIBLE_MS } from '../journal/journal-reader.js'
import type { Incarnation } from './incarnation.js'
import type { Source } from './source.js'

/** An incarnation that records in this process, with its engine. */
export interface LocalIncarnation {
  readonly source: Source
  readonly incarnation: Incarnation
}

/** A read of the journals of some running incarnations. */
export class JournalReads {
  readonly #locals: Iterable<LocalIncarnation>
  readonly #guard: (read: () => void) => void
  readonly #incomplete: LocalIncarnation[] = []

  /** @param guard calls its argument, which throws when a journal is corrupt */
  constructor(locals: Iterable<LocalIncarnation>, guard: (read: () => void) => void) {
    this.#locals = locals
    this.#guard = guard
  }

  /** Those of which not every row has been read that was there at the begin. */
  get incomplete(): readonly LocalIncarnation[] {
    return this.#incomplete
  }

  /**
   * Reads one journal a step. Rows that no fold published are read twice, with time in between: a
   * step that yields a number is to be followed by as many milliseconds.
   */
  *steps(): Generator<number | undefined> {
    const begun: LocalIncarnation[] = []
    let endMs = 0
    for (const local of this.#locals) {
      if (!local.incarnation.beginRead()) continue
      begun.push(local)
      endMs = performance.now() + STORES_VISIBLE_MS
      yield
    }
    while (performance.now() < endMs) yield endMs - performance.now()
    for (const local of begun) {
      this.#guard(() => {
        if (!local.source.finishRead(local.incarnation)) this.#incomplete.push(local)
      })
      yield
    }
  }

  /** Take all steps now, with the thread blocked in between. */
  run(): this {
    for (const waitMs of this.steps()) {
      if (waitMs !== undefined) blockThread(waitMs)
    }
    return this
  }
}
