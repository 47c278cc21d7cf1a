import { requireNumber } from '../options.js'

/** The largest block id of a store: a slot keeps id + 1 in 32 bits, and 0 where it is empty. */
export const BLOCK_ID_MAX = 2 ** 32 - 2
const CAPACITY = { fallback: 1, min: 1, max: 2 ** 30, integer: true }

/**
 * The modelled shared store: which blocks it holds, in memory that every engine's thread sees.
 *
 * A direct-mapped table: block `id` can only be in slot `id mod capacity`. Where the capacity
 * exceeds every id, it is the endless store of the reference and each block is claimed exactly
 * once, whoever comes first. Where it does not, a newer block evicts the one in its slot; ids that
 * count up then leave in the order they came, without a list to keep.
 */
export class SharedBlockStore {
  /** The table; send it to another thread and {@link SharedBlockStore.attach} to it there. */
  readonly buffer: SharedArrayBuffer
  readonly #slots: Uint32Array<SharedArrayBuffer>
  readonly #capacity: number

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#slots = new Uint32Array(buffer)
    this.#capacity = this.#slots.length
  }

  /**
   * An empty store of its own memory.
   *
   * @param capacity slots, of 4 bytes each: 1 to 2^30.
   * @throws MoonmeterError `INVALID_OPTION` for another capacity.
   */
  static create(capacity: number): SharedBlockStore {
    const slots = requireNumber('capacity', CAPACITY, capacity)
    return new SharedBlockStore(new SharedArrayBuffer(slots * Uint32Array.BYTES_PER_ELEMENT))
  }

  /** The store another thread created, by its `buffer`. */
  static attach(buffer: SharedArrayBuffer): SharedBlockStore {
    return new SharedBlockStore(buffer)
  }

  /** Whether the block is stored now; `id` is 0 to {@link BLOCK_ID_MAX}. */
  has(id: number): boolean {
    return Atomics.load(this.#slots, id % this.#capacity) === id + 1
  }

  /**
   * Stores the block, and says whether this call did it: false where it was there already.
   *
   * Of several threads that claim one block at the same moment, one alone gets true.
   */
  claim(id: number): boolean {
    const slot = id % this.#capacity
    for (;;) {
      const seen = Atomics.load(this.#slots, slot)
      if (seen === id + 1) return false
      // Fails only where another thread got in between: look again what it left.
      if (Atomics.compareExchange(this.#slots, slot, seen, id + 1) === seen) return true
    }
  }
}
