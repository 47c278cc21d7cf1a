import { STORES_VISIBLE_MS } from '../journal/journal-reader.js'
import type { Incarnation } from './incarnation.js'
import type { Source } from './source.js'

/** An incarnation that records in this process, with its engine. */
export interface LocalIncarnation {
  readonly source: Source
  readonly incarnation: Incarnation
}

/**
 * A read of the journals of some running incarnations. Rows that no fold published are read twice,
 * with time in between: first take all steps of `begin`, then let `waitMs` pass, then take all steps
 * of `finish`.
 */
export class JournalReads {
  readonly #locals: Iterable<LocalIncarnation>
  readonly #guard: (read: () => void) => void
  readonly #begun: LocalIncarnation[] = []
  #endMs = 0
  #isComplete = true

  /** @param guard calls its argument, which throws when a journal is corrupt */
  constructor(locals: Iterable<LocalIncarnation>, guard: (read: () => void) => void) {
    this.#locals = locals
    this.#guard = guard
  }

  /** Begin to read each journal that has new rows, one a step. */
  *begin(): Generator<void> {
    for (const local of this.#locals) {
      if (!local.incarnation.beginRead()) continue
      this.#begun.push(local)
      this.#endMs = performance.now() + STORES_VISIBLE_MS
      yield
    }
  }

  /** Milliseconds that have to pass before `finish`; 0 when there is nothing to read. */
  get waitMs(): number {
    return Math.max(0, this.#endMs - performance.now())
  }

  /** Read each journal that was begun, one a step. */
  *finish(): Generator<void> {
    for (const { source, incarnation } of this.#begun) {
      this.#guard(() => {
        if (!source.finishRead(incarnation)) this.#isComplete = false
      })
      yield
    }
  }

  /** Whether every row that was there at `begin` has been read. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** Take all steps now, with the thread blocked while `waitMs` passes. */
  run(): this {
    for (const _ of this.begin());
    const waitMs = this.waitMs
    if (waitMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs)
    for (const _ of this.finish());
    return this
  }
}
