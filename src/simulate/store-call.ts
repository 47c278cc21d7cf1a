/** Default tokens per block, those of the published Mooncake traces. */
export const BLOCK_TOKENS = 512

/** The store operations of a request, in the order in which a request makes them. */
export const STORE_OPERATIONS = ['lookup_exists', 'load_get', 'save_exists', 'save_put'] as const

/** One of {@link STORE_OPERATIONS}. */
export type StoreOperation = (typeof STORE_OPERATIONS)[number]

/** One call to the modelled store with its outcome; an engine records it as a row. */
export interface StoreCall {
  readonly operation: StoreOperation
  readonly durationSeconds: number
  readonly numKeys: number
  /** Bytes attempted, including those of failed keys; 0 for existence checks. */
  readonly numBytes: number
  /** `partial_failure` if some keys failed, `error` if the whole call failed. */
  readonly status: 'ok' | 'partial_failure' | 'error'
  readonly numFailedKeys: number
}

/** A request of a trace or of generated traffic. */
export interface StoreRequest {
  /** Arrival in milliseconds since the start of the run, at speed 1. */
  readonly timestampMs: number
  /** Length of the prompt in tokens. */
  readonly inputLength: number
  /** One block id per block of the prompt; the last block may be partial. */
  readonly hashIds: ArrayLike<number>
}

/** Counts of calls. */
export interface CallCounts {
  calls: number
  keys: number
  /** Bytes attempted. */
  bytes: number
  failedKeys: number
  /** Calls whose status is `error`. */
  errors: number
}

/**
 * Counts of an engine's calls for each operation, zeros included. The engine counts them
 * independently of its recorder, so that the two can be compared.
 */
export type Tally = Record<StoreOperation, CallCounts>

/** The tally of an engine that may record calls under further names. */
export interface EngineTally extends Tally {
  /** Calls under all other names. */
  readonly others?: CallCounts
}

/** Creates counts of zeros. */
export function createCounts(): CallCounts {
  return { calls: 0, keys: 0, bytes: 0, failedKeys: 0, errors: 0 }
}

/** Adds a call to counts. */
export function countCall(counts: CallCounts, call: StoreCall): void {
  counts.calls += 1
  counts.keys += call.numKeys
  counts.bytes += call.numBytes
  counts.failedKeys += call.numFailedKeys
  if (call.status === 'error') counts.errors += 1
}

/** Creates a tally of zeros. */
export function createTally(): Tally {
  return {
    lookup_exists: createCounts(),
    load_get: createCounts(),
    save_exists: createCounts(),
    save_put: createCounts(),
  }
}
