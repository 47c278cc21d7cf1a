import { setTimeout as sleep } from 'node:timers/promises'

/** Stands for the client of a store, with the methods and results of Mooncake's. */
export class MemoryStore {
  readonly #blocks = new Map<string, Uint8Array>()

  /** Stores blocks; each result is 0, or a negative error code. */
  async batchPut(keys: readonly string[], blocks: readonly Uint8Array[]): Promise<number[]> {
    await sleep(1)
    for (const [index, key] of keys.entries()) this.#blocks.set(key, blocks[index] ?? Buffer.of())
    return keys.map(() => 0)
  }

  /** Each result is 1 for a key that is stored, or 0. */
  async batchIsExist(keys: readonly string[]): Promise<number[]> {
    return keys.map((key) => (this.#blocks.has(key) ? 1 : 0))
  }

  /** Loads blocks; each result is the number of bytes, or a negative error code. */
  async batchGet(keys: readonly string[]): Promise<number[]> {
    await sleep(1)
    return keys.map((key) => this.#blocks.get(key)?.length ?? -1)
  }
}
