import type { BlockStore } from './block-store.js'
import type { CallModel } from './latency.js'
import { countCall, type StoreCall, type StoreRequest, type Tally } from './store-call.js'

/** The environment in which the requests of one engine are replayed. */
export interface Workload {
  readonly store: BlockStore
  readonly latency: CallModel
  /** Records a finished call. */
  readonly record: (call: StoreCall) => void
  /** Counts the recorded calls. */
  readonly tally: Tally
  /** Tokens of a full block. */
  readonly blockTokens: number
  /** Bytes of a full block. */
  readonly bytesPerBlock: number
}

/** Replays a request in virtual time: records its calls immediately, with modelled durations. */
export function replayRequest(workload: Workload, request: StoreRequest): void {
  for (const call of storeCalls(workload, request)) recordCall(workload, call)
}

/**
 * Replays a request in real time: records each call when its duration has passed.
 *
 * @param pause waits for a number of modelled seconds; if it resolves to false, the request ends
 * and its current call is not recorded
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
 * Yields the calls of a request in order. It is a generator, so that the caller decides how much
 * time passes between two calls. Two rules apply to faults:
 * - A lookup with status `error` has no hits, as in vLLM's connector: nothing is loaded.
 * - Saves depend only on the claims in the store. After a `save_exists` with status `error`, the
 *   put is still called (vLLM's connector skips the save), and after a failed put its blocks stay
 *   claimed (with vLLM's connector, a later request puts them again). So each block is put exactly
 *   once, and the keys of all operations but `load_get` depend on the trace alone.
 */
function* storeCalls(workload: Workload, request: StoreRequest): Generator<StoreCall> {
  const { store, latency, blockTokens, bytesPerBlock } = workload
  const { inputLength, hashIds } = request
  const fullBlocks = Math.floor(inputLength / blockTokens)
  if (fullBlocks === 0) return

  const lookup = latency.sample('lookup_exists', fullBlocks, 0)
  let hits = 0
  if (lookup.status !== 'error') {
    while (hits < fullBlocks && store.has(hashIds[hits])) hits++
  }
  yield lookup

  // The engine computes at least the last token of a prompt, even if all its blocks are stored.
  const loaded = hits * blockTokens === inputLength ? hits - 1 : hits
  if (loaded > 0) yield latency.sample('load_get', loaded, loaded * bytesPerBlock)

  yield latency.sample('save_exists', fullBlocks, 0)

  let missing = 0
  for (let block = 0; block < fullBlocks; block++) {
    if (store.claim(hashIds[block])) missing++
  }
  if (missing > 0) yield latency.sample('save_put', missing, missing * bytesPerBlock)
}

function recordCall({ record, tally }: Workload, call: StoreCall): void {
  record(call)
  countCall(tally[call.operation], call)
}
