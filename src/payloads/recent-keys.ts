import { createHash, randomBytes } from 'node:crypto'

/** Bytes of the digest of an idempotency key: a collision is expected after 2^64 keys. */
export const DIGEST_BYTES = 16

/** Limits on the number and the age of keys. */
export interface KeyLimits {
  readonly keysMax: number
  /** Maximum age of a key in milliseconds. */
  readonly keptKeysMs: number
}

/**
 * The idempotency keys of the last counted payloads, within limits on their number and age. Each is
 * kept as a digest: a string of 16 characters, one per byte.
 */
export class RecentKeys {
  readonly #limits: KeyLimits
  /** The times at which keys were counted, the oldest first. */
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

  /** Add a key that is not known. */
  add(digest: string, timeMs: number): void {
    this.#times.set(digest, timeMs)
    for (const oldest of this.#times.keys()) {
      if (this.#times.size <= this.#limits.keysMax) break
      this.#times.delete(oldest)
    }
  }

  /** Remove keys that are older than the limit. */
  forgetOld(nowMs: number): void {
    for (const [digest, timeMs] of this.#times) {
      if (nowMs - timeMs <= this.#limits.keptKeysMs) break
      this.#times.delete(digest)
    }
  }
}

/** The digest of a key. */
export function digestOf(key: string): string {
  return createHash('sha256').update(key).digest().subarray(0, DIGEST_BYTES).toString('latin1')
}

/** A unique digest, for a payload without a key. */
export function newDigest(): string {
  return randomBytes(DIGEST_BYTES).toString('latin1')
}
