import type { SharedBlockStore } from './block-store.js'
import type { LatencyModel } from './latency.js'
import type { StoreCall, StoreOperation, StoreRequest } from './store-call.js'
import { addCall, type Tally } from './tally.js'

/** Takes the rows of one operation; a recorder's bound handle is one. */
export interface OperationSink {
  record(
    durationSeconds: number,
    numKeys: number,
    numBytes?: number,
    status?: string,
    numFailedKeys?: number,
  ): void
}

/** What the requests of one engine are replayed against. */
export interface Workload {
  readonly store: SharedBlockStore
  readonly latency: LatencyModel
  readonly sinks: Readonly<Record<StoreOperation, OperationSink>>
  /** Counted besides the sinks. */
  readonly tally: Tally
  readonly blockTokens: number
  readonly bytesPerBlock: number
}

/** Replays a request in virtual time: its calls are recorded at once, with modelled durations. */
export function replayRequest(workload: Workload, request: StoreRequest): void {
  for (const call of storeCalls(workload, request)) recordCall(workload, call)
}

/**
 * Replays a request in real time: a call is recorded when its duration has passed.
 *
 * @param pause waits for as many seconds of the model; false ends the request there, the call under
 * way unrecorded.
 */
export async function replayRequestPaced(
  workload: Workload,
  request: StoreRequest,
  pause: (durationSeconds: number) => Promise<boolean>,
): Promise<void> {
  for (const call of storeCalls(workload, request)) {
    if (!(await pause(call.durationSeconds))) return
    recordCall(workload, call)
  }
}

/**
 * The calls of a request, in order; the rules stand here and nowhere else.
 *
 * A generator, so that the caller decides what passes between two calls. Faults follow two rules:
 * - An errored lookup is a lookup without hits, as in the reference connector: nothing is loaded.
 * - Saving goes by what the store has claimed. An errored `save_exists` does not stop the put (the
 *   reference connector gives up the save) and a failed put leaves its blocks claimed (there, they
 *   are put again by whoever needs them next). So each block is put exactly once, and lookups,
 *   `save_exists` and the keys of `save_put` depend on the trace alone, whatever fails.
 */
function* storeCalls(workload: Workload, request: StoreRequest): Generator<StoreCall> {
  const { store, blockTokens, bytesPerBlock } = workload
  const { inputLength, hashIds } = request
  const fullBlocks = Math.floor(inputLength / blockTokens)
  if (fullBlocks === 0) return

  const lookup = check(workload, 'lookup_exists', fullBlocks)
  let hits = 0
  if (lookup.status !== 'error') {
    while (hits < fullBlocks && store.has(hashIds[hits] as number)) hits++
  }
  yield lookup

  // A prompt that is stored to its last token still needs that one computed.
  const loaded = hits * blockTokens === inputLength ? hits - 1 : hits
  if (loaded > 0) yield transfer(workload, 'load_get', loaded, loaded * bytesPerBlock)

  yield check(workload, 'save_exists', fullBlocks)

  let missing = 0
  for (let block = 0; block < fullBlocks; block++) {
    if (store.claim(hashIds[block] as number)) missing++
  }
  if (missing > 0) yield transfer(workload, 'save_put', missing, missing * bytesPerBlock)
}

function check(workload: Workload, operation: StoreOperation, numKeys: number): StoreCall {
  workload.latency.sampleCheck(numKeys)
  return outcome(workload.latency, operation, numKeys, 0)
}

function transfer(
  workload: Workload,
  operation: StoreOperation,
  numKeys: number,
  numBytes: number,
): StoreCall {
  workload.latency.sampleTransfer(numKeys, numBytes)
  return outcome(workload.latency, operation, numKeys, numBytes)
}

function outcome(
  latency: LatencyModel,
  operation: StoreOperation,
  numKeys: number,
  numBytes: number,
): StoreCall {
  const { durationSeconds, status, numFailedKeys } = latency
  return { operation, durationSeconds, numKeys, numBytes, status, numFailedKeys }
}

function recordCall(workload: Workload, call: StoreCall): void {
  const { durationSeconds, numKeys, numBytes, status, numFailedKeys } = call
  workload.sinks[call.operation].record(durationSeconds, numKeys, numBytes, status, numFailedKeys)
  addCall(workload.tally, call)
}
