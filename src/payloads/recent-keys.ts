import { createHash, randomBytes } from 'node:crypto'

/** Bytes that an idempotency key is kept as: two keys have the same ones once in 2^64 keys. */
export const DIGEST_BYTES = 16

/** How many keys are kept, and for how long. */
export interface KeyLimits {
  readonly keysMax: number
  /** Milliseconds. */
  readonly keptKeysMs: number
}

/**
 * The idempotency keys of the payloads that were counted last, within limits on their number and age.
 * Each is kept as a digest: a string of 16 characters, one a byte.
 */
export class RecentKeys {
  readonly #limits: KeyLimits
  /** When each was counted, the oldest first. */
  readonly #times = new Map<string, number>()

  /** @param known keys with their times, the oldest first */
  constructor(limits: KeyLimits, known: Iterable<readonly [digest: string, timeMs: number]> = []) {
    this.#limits = limits
    for (const [digest, timeMs] of known) this.#times.set(digest, timeMs)
  }

  /** The keys with the times at which they were counted, the oldest first. */
  get entries(): Iterable<readonly [digest: string, timeMs: number]> {
    return this.#times
  }

  has(digest: string): boolean {
    return this.#times.has(digest)
  }

  /** Note a key that is not known. */
  add(digest: string, timeMs: number): void {
    this.#times.set(digest, timeMs)
    for (const oldest of this.#times.keys()) {
      if (this.#times.size <= this.#limits.keysMax) break
      this.#times.delete(oldest)
    }
  }

  /** Forget keys that are older than they are kept. */
  forgetOld(nowMs: number): void {
    for (const [digest, timeMs] of this.#times) {
      if (nowMs - timeMs <= this.#limits.keptKeysMs) break
      this.#times.delete(digest)
    }
  }
}

/** What a key is kept as. */
export function digestOf(key: string): string {
  return createHash('sha256').update(key).digest().subarray(0, DIGEST_BYTES).toString('latin1')
}

/** The digest of no other payload, for one without a key. */
export function newDigest(): string {
  return randomBytes(DIGEST_BYTES).toString('latin1')
}
