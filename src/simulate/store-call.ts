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

/**
 * Counts of an engine's calls for each operation, zeros included. The engine counts them
 * independently of its recorder, so that the two can be compared.
 */
export type Tally = Record<
  StoreOperation,
  {
    calls: number
    keys: number
    /** Bytes attempted. */
    bytes: number
    failedKeys: number
    /** Calls whose status is `error`. */
    errors: number
  }
>

/** Creates a tally of zeros. */
export function createTally(): Tally {
  const zeros = () => ({ calls: 0, keys: 0, bytes: 0, failedKeys: 0, errors: 0 })
  return { lookup_exists: zeros(), load_get: zeros(), save_exists: zeros(), save_put: zeros() }
}
