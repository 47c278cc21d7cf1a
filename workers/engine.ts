import type { EngineContext } from '../src/pool/engine-thread.js'
import { SharedBlockStore } from '../src/simulate/block-store.js'
import { type EngineOptions, runEngine } from '../src/simulate/engine.js'
import { LatencyModel, type LatencyOptions } from '../src/simulate/latency.js'
import type { Tally } from '../src/simulate/store-call.js'

/** The task of a synthetic engine. */
export interface SyntheticTask
  extends Pick<EngineOptions, 'engines' | 'source' | 'bytesPerBlock' | 'speed' | 'inFlightMax'> {
  /** The `buffer` of the store that all engines share. */
  readonly storeBuffer: SharedArrayBuffer
  /** An int32 that becomes 1 when the first engine begins. */
  readonly begun: SharedArrayBuffer
  /** Seed of the latency model. */
  readonly seed: number
  readonly latency: LatencyOptions
}

/**
 * The engine of `moonmeter simulate`: replays requests against the modelled store and records its
 * calls.
 *
 * @returns the tally of the recorded calls
 */
export function run({ engine, recorder, task }: EngineContext<SyntheticTask>): Promise<Tally> {
  const { storeBuffer, begun, latency, seed, ...options } = task
  Atomics.store(new Int32Array(begun), 0, 1)
  const recorders = {
    lookup_exists: recorder.operation('lookup_exists'),
    load_get: recorder.operation('load_get'),
    save_exists: recorder.operation('save_exists'),
    save_put: recorder.operation('save_put'),
  }
  return runEngine({
    ...options,
    engine,
    store: new SharedBlockStore(storeBuffer),
    latency: new LatencyModel(seed, engine, latency),
    record: ({ operation, durationSeconds, numKeys, numBytes, status, numFailedKeys }) =>
      recorders[operation].record(durationSeconds, numKeys, numBytes, status, numFailedKeys),
    stopRequested: () => recorder.stopRequested,
  })
}
