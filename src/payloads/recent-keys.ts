import { createHash, randomBytes } from 'node:crypto'
import type { MoonmeterError } from '../errors.js'
import { rejection } from '../wire/rejection.js'

/** Bytes of the digest of an idempotency key: a collision is expected after 2^64 keys. */
export const DIGEST_BYTES = 16
/** Bytes of the digest of a payload: of 2^32 wrong payloads with a known key, one is not noticed. */
export const BODY_BYTES = 4
/** The digest of a payload that is not known. */
export const NO_BODY = '\0'.repeat(BODY_BYTES)

/** Limits on the number and the age of keys. */
export interface KeyLimits {
  readonly keysMax: number
  /** Maximum age of a key in milliseconds. */
  readonly keptKeysMs: number
}

/** A key and its payload, as digests: strings of one character per byte. */
export interface PayloadKey {
  readonly digest: string
  /** The digest of the payload, `NO_BODY` if it is not known. */
  readonly body: string
}

/** A key with the time at which its payload was counted. */
export interface KeptKey extends PayloadKey {
  readonly timeMs: number
}

/**
 * The idempotency keys of the last counted payloads, within limits on their number and age. Each is
 * kept with a digest of its payload, so that a key that is used again for another payload is noticed.
 */
export class RecentKeys {
  readonly #limits: KeyLimits
  /** The keys, the oldest first. */
  readonly #keys = new Map<string, KeptKey>()

  /** @param known the oldest first */
  constructor(limits: KeyLimits, known: Iterable<KeptKey> = []) {
    this.#limits = limits
    for (const key of known) this.#keys.set(key.digest, key)
  }

  /** The keys, the oldest first. */
  get entries(): Iterable<KeptKey> {
    return this.#keys.values()
  }

  /**
   * Whether a key is new, is that of the same payload, or is that of another payload. A payload that
   * is not known counts as the same.
   */
  compare({ digest, body }: PayloadKey): 'new' | 'same' | 'other' {
    const known = this.#keys.get(digest)
    if (known === undefined) return 'new'
    const isSame = known.body === body || known.body === NO_BODY || body === NO_BODY
    return isSame ? 'same' : 'other'
  }

  /** Add a key that is new. */
  add({ digest, body }: PayloadKey, timeMs: number): void {
    // An object that is made by a spread takes three times the memory.
    this.#keys.set(digest, { digest, body, timeMs })
    for (const oldest of this.#keys.keys()) {
      if (this.#keys.size <= this.#limits.keysMax) break
      this.#keys.delete(oldest)
    }
  }

  /** Remove keys that are older than the limit. */
  forgetOld(nowMs: number): void {
    for (const [digest, { timeMs }] of this.#keys) {
      if (nowMs - timeMs <= this.#limits.keptKeysMs) break
      this.#keys.delete(digest)
    }
  }
}

/** The digests of a key and its payload. */
export function keyOf(key: string, payload: Uint8Array): PayloadKey {
  return { digest: digestOf(key, DIGEST_BYTES), body: digestOf(payload, BODY_BYTES) }
}

/** A unique key, for a payload without one. */
export function newKey(): PayloadKey {
  return { digest: randomBytes(DIGEST_BYTES).toString('latin1'), body: NO_BODY }
}

/** The error for a payload whose key is that of another payload. */
export function keyConflict(): MoonmeterError {
  const expected = 'another idempotency key than that of a payload with other bytes'
  return rejection('duplicate', expected, 'a key that was used before')
}

function digestOf(data: string | Uint8Array, bytes: number): string {
  return createHash('sha256').update(data).digest().subarray(0, bytes).toString('latin1')
}
