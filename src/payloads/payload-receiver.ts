import type { MoonmeterError } from '../errors.js'

/** The source of a payload of rows, before validation. */
export interface PayloadSource {
  /** Index of the engine, a non-negative integer. */
  readonly engine: number
  /**
   * The host or process of the engine, from 1 to 255 bytes; a label of the metrics. Required for a
   * bucket.
   */
  readonly instance?: string | undefined
  /**
   * The idempotency key, 1 to 255 bytes: of several payloads of an engine with the same key, only
   * the first counts. A further one with other bytes is `conflicting`. Without a key, each payload
   * counts.
   */
  readonly key?: string | undefined
}

/** The result of receiving a payload. */
export type PayloadOutcome =
  /** Its rows are counted. */
  | { readonly kind: 'counted' }
  /** The same payload with the same key was counted before, so its rows are not counted again. */
  | { readonly kind: 'repeated' }
  /** It is invalid. None of its rows were counted. */
  | { readonly kind: 'rejected'; readonly error: MoonmeterError }
  /** Another payload with the same key was counted before. None of its rows were counted. */
  | { readonly kind: 'conflicting'; readonly error: MoonmeterError }
  /**
   * It may not have been counted. The sender should send it again after this time; with the same
   * key it counts once.
   */
  | { readonly kind: 'busy'; readonly cause: string; readonly retryAfterMs: number }

/** Receives payloads of vLLM, which contain the rows since the previous payload. */
export interface PayloadReceiver {
  /** Maximum bytes of a payload. */
  readonly payloadBytesMax: number
  /**
   * Receive a payload in one of vLLM's three shapes. All of its rows count, or none.
   *
   * @returns the result, once it is final
   */
  receive(bytes: Uint8Array, source: PayloadSource): Promise<PayloadOutcome>
  /** Count a payload that was rejected before its body was complete, by the reason of the error. */
  reject(error: MoonmeterError): PayloadOutcome
}
