import type { BlockStore } from './block-store.js'
import type { SharedPhase } from './scenario-phase.js'

/** A store that accepts no further blocks during a fault; stored blocks remain. */
export class FullStore implements BlockStore {
  readonly #store: BlockStore
  readonly #phase: SharedPhase

  constructor(store: BlockStore, phase: SharedPhase) {
    this.#store = store
    this.#phase = phase
  }

  has(id: number): boolean {
    return this.#store.has(id)
  }

  /** During a fault, each call for a block that is not stored returns true. */
  claim(id: number): boolean {
    return this.#phase.isFault ? !this.#store.has(id) : this.#store.claim(id)
  }
}
