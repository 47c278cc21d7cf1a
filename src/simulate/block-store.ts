/** The largest block id of a store: a slot holds id + 1 in 32 bits, and 0 if it is empty. */
export const BLOCK_ID_MAX = 2 ** 32 - 2

/** The store in which engines look up and claim blocks. */
export interface BlockStore {
  /** Whether the store holds the block; `id` is 0 to {@link BLOCK_ID_MAX}. */
  has(id: number): boolean
  /** Stores the block; returns whether the caller has to put it. */
  claim(id: number): boolean
}

/**
 * The blocks of the modelled store, in shared memory that the threads of all engines use.
 *
 * The store is a direct-mapped table: block `id` can only be in slot `id mod capacity`. If the
 * capacity exceeds every id, nothing is evicted and each block is claimed exactly once. Otherwise a
 * new block evicts the one in its slot, so ascending ids are evicted in the order of insertion.
 */
export class SharedBlockStore implements BlockStore {
  /** The memory of the table, which can be posted to other threads. */
  readonly buffer: SharedArrayBuffer
  readonly #slots: Uint32Array<SharedArrayBuffer>

  /** @param buffer the `buffer` of a store, of this or another thread */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#slots = new Uint32Array(buffer)
  }

  /**
   * Creates an empty store.
   *
   * @param capacity slots of 4 bytes, at least 1
   */
  static create(capacity: number): SharedBlockStore {
    return new SharedBlockStore(new SharedArrayBuffer(capacity * Uint32Array.BYTES_PER_ELEMENT))
  }

  /** Whether the store holds the block; `id` is 0 to {@link BLOCK_ID_MAX}. */
  has(id: number): boolean {
    return Atomics.load(this.#slots, id % this.#slots.length) === id + 1
  }

  /**
   * Stores the block.
   *
   * @returns whether this call stored it: false if the store held it before, and for all but one of
   * the threads that claim it at the same time
   */
  claim(id: number): boolean {
    const slot = id % this.#slots.length
    for (;;) {
      const seen = Atomics.load(this.#slots, slot)
      if (seen === id + 1) return false
      // The exchange fails only if another thread wrote the slot since the load.
      if (Atomics.compareExchange(this.#slots, slot, seen, id + 1) === seen) return true
    }
  }
}
