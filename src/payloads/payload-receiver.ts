import type { MoonmeterError } from '../errors.js'

/** Where a payload of rows comes from, as its sender says: none of it is checked yet. */
export interface PayloadSource {
  /** Index of the engine, a non-negative integer. */
  readonly engine: number
  /**
   * The host or process of the engine, from 1 to 255 bytes; a label of the metrics. A bucket needs one.
   */
  readonly instance?: string | undefined
  /**
   * The idempotency key: of several payloads of the engine with the same one, the first counts. From 1
   * to 255 bytes. Without one, each payload counts.
   */
  readonly key?: string | undefined
}

/** What became of a payload. */
export type PayloadOutcome =
  /** Its rows are counted. */
  | { readonly kind: 'counted' }
  /** A payload with its key was counted before; its own rows are not. */
  | { readonly kind: 'repeated' }
  /** It will never be accepted as it is; nothing of it was counted. */
  | { readonly kind: 'rejected'; readonly error: MoonmeterError }
  /**
   * It is not known to be counted. Send it again after this time: with its key it counts once, also
   * where it was counted all the same.
   */
  | { readonly kind: 'busy'; readonly cause: string; readonly retryAfterMs: number }

/** Takes payloads of vLLM, which hold the rows since the payload before. */
export interface PayloadReceiver {
  /** Bytes that a payload may have. */
  readonly payloadBytesMax: number
  /**
   * Take a payload in one of the reference's three shapes. It counts as a whole or not at all.
   *
   * @returns once that is known, and will stay so
   */
  receive(bytes: Uint8Array, source: PayloadSource): Promise<PayloadOutcome>
  /** Count a payload that was rejected before all of it was there, by the reason of the error. */
  reject(error: MoonmeterError): PayloadOutcome
}
