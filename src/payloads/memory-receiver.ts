import type { Aggregation } from '../aggregator/aggregation.js'
import { type AnyEngineAggregator, aggregationOf, liveSourceOf } from '../engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import { resolveNumbers } from '../options.js'
import type { PayloadOutcome, PayloadReceiver, PayloadSource } from './payload-receiver.js'
import { readRowsPayload } from './read-rows.js'
import { keyConflict, keyOf, newKey, RecentKeys } from './recent-keys.js'

const NUMBERS = {
  // Some 10 MB.
  keysMax: { fallback: 65_536, min: 1, max: 2 ** 24, integer: true },
  keptKeysMs: { fallback: 600_000, min: 1, max: Number.MAX_SAFE_INTEGER, integer: true },
} as const

/** The sender may reach a new process after this time. */
const RETRY_AFTER_MS = 1_000

/** Options of `payloadReceiver`; each has a default. */
export interface PayloadReceiverOptions {
  /** Maximum number of idempotency keys kept, of all engines together; default 65,536. */
  readonly keysMax?: number | undefined
  /** Milliseconds for which a key is kept; default 600,000 (ten minutes). */
  readonly keptKeysMs?: number | undefined
}

/**
 * Creates a receiver that counts payloads of vLLM in an aggregator of this process. Rows and keys
 * are in memory and are lost when the process ends. `receivePayloads` of `moonmeter/nats` keeps
 * them in the bucket of a fleet.
 *
 * @throws MoonmeterError `INVALID_OPTION`
 */
export function payloadReceiver(
  aggregator: AnyEngineAggregator,
  options: PayloadReceiverOptions = {},
): PayloadReceiver {
  const limits = resolveNumbers('payloadReceiver', NUMBERS, options)
  return new MemoryReceiver(aggregator, new RecentKeys(limits))
}

class MemoryReceiver implements PayloadReceiver {
  readonly #aggregator: AnyEngineAggregator
  readonly #keys: RecentKeys

  constructor(aggregator: AnyEngineAggregator, keys: RecentKeys) {
    this.#aggregator = aggregator
    this.#keys = keys
  }

  get payloadBytesMax(): number {
    return this.#aggregation.payloadBytesMax
  }

  get #aggregation(): Aggregation {
    return aggregationOf(this.#aggregator)
  }

  async receive(bytes: Uint8Array, source: PayloadSource): Promise<PayloadOutcome> {
    const { engine, instance, key } = source
    if (liveSourceOf(this.#aggregator).isClosed) {
      return { kind: 'busy', cause: 'the aggregator is closed', retryAfterMs: RETRY_AFTER_MS }
    }
    try {
      const { stats, byteLength } = readRowsPayload(bytes, source, this.#aggregation)
      const nowMs = performance.now()
      const own =
        key === undefined ? newKey() : keyOf(JSON.stringify([engine, instance, key]), bytes)
      this.#keys.forgetOld(nowMs)
      const compared = this.#keys.compare(own)
      if (compared === 'same') return { kind: 'repeated' }
      if (compared === 'other') {
        const error = keyConflict()
        this.#aggregation.reject(error)
        return { kind: 'conflicting', error }
      }
      this.#aggregation.addRows(stats, byteLength, {
        engine,
        ...(instance !== undefined && { instance }),
      })
      if (key !== undefined) this.#keys.add(own, nowMs)
      return { kind: 'counted' }
    } catch (error) {
      if (!(error instanceof MoonmeterError) || error.reason === undefined) throw error
      return this.reject(error)
    }
  }

  reject(error: MoonmeterError): PayloadOutcome {
    this.#aggregation.reject(error)
    return { kind: 'rejected', error }
  }
}
