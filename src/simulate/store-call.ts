import type { NumberOption } from '../options.js'

/** Tokens in a full block, as an option. */
export const BLOCK_TOKENS: NumberOption = { fallback: 512, min: 1, max: 2 ** 20, integer: true }

/** The operations of the store that a request can bring about, in the order it does. */
export const STORE_OPERATIONS = ['lookup_exists', 'load_get', 'save_exists', 'save_put'] as const

/** One of {@link STORE_OPERATIONS}. */
export type StoreOperation = (typeof STORE_OPERATIONS)[number]

/** How a call ended: well, with some keys failed, or as a whole not. */
export type CallStatus = 'ok' | 'partial_failure' | 'error'

/** One call to the modelled store with its outcome: what becomes a recorded row. */
export interface StoreCall {
  readonly operation: StoreOperation
  readonly durationSeconds: number
  readonly numKeys: number
  /** Bytes attempted, failed keys' included; 0 for existence checks. */
  readonly numBytes: number
  readonly status: CallStatus
  readonly numFailedKeys: number
}

/** A request as an engine sees it, from a trace or made up. */
export interface StoreRequest {
  /** When it arrives, in milliseconds since the start of the run at speed 1. */
  readonly timestampMs: number
  /** Length of its prompt in tokens. */
  readonly inputLength: number
  /** A block id for each block of the prompt, the last of which may be partial. */
  readonly hashIds: ArrayLike<number>
}
