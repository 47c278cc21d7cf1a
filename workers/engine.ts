import type { EngineContext } from '../src/pool/engine-thread.js'
import { SharedBlockStore } from '../src/simulate/block-store.js'
import { type RequestSource, runEngine } from '../src/simulate/engine.js'
import { LatencyModel, type LatencyOptions } from '../src/simulate/latency.js'
import type { Tally } from '../src/simulate/tally.js'

/** What a synthetic engine is to do. */
export interface SyntheticTask {
  /** How many engines share the trace. */
  readonly engines: number
  readonly source: RequestSource
  /** The `buffer` of the store that all engines share. */
  readonly storeBuffer: SharedArrayBuffer
  readonly seed: number
  readonly latency: LatencyOptions
  readonly bytesPerBlock: number
  readonly speed: number | 'max'
  /** Seconds; 0 runs until stopped, or to the end of the trace. */
  readonly durationSeconds: number
}

/**
 * The engine of `moonmeter simulate`: replays requests against the modelled store and records its
 * calls.
 *
 * @returns what it recorded, counted beside the recorder
 */
export function run({ engine, recorder, task }: EngineContext<SyntheticTask>): Promise<Tally> {
  const { storeBuffer, latency, seed, ...options } = task
  return runEngine({
    ...options,
    engine,
    store: SharedBlockStore.attach(storeBuffer),
    latency: new LatencyModel(seed, engine, latency),
    sinks: {
      lookup_exists: recorder.operation('lookup_exists'),
      load_get: recorder.operation('load_get'),
      save_exists: recorder.operation('save_exists'),
      save_put: recorder.operation('save_put'),
    },
    stopRequested: () => recorder.stopRequested,
  })
}
