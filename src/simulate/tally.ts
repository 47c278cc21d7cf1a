import { STORE_OPERATIONS, type StoreCall, type StoreOperation } from './store-call.js'

/** What an engine did of one operation. */
interface OperationTally {
  calls: number
  keys: number
  /** Bytes attempted. */
  bytes: number
  failedKeys: number
  /** Calls whose status was exactly `error`. */
  errors: number
}

/**
 * What an engine did, by operation, those it never did included.
 *
 * It is counted beside the recorder and not by it: that the two agree is what a simulation shows.
 */
export type Tally = Record<StoreOperation, OperationTally>

/** A tally of nothing. */
export function createTally(): Tally {
  const entries = STORE_OPERATIONS.map((operation) => [
    operation,
    { calls: 0, keys: 0, bytes: 0, failedKeys: 0, errors: 0 },
  ])
  return Object.fromEntries(entries) as Tally
}

/** Counts one call into the tally. */
export function addCall(tally: Tally, call: StoreCall): void {
  const counts = tally[call.operation]
  counts.calls += 1
  counts.keys += call.numKeys
  counts.bytes += call.numBytes
  counts.failedKeys += call.numFailedKeys
  if (call.status === 'error') counts.errors += 1
}
