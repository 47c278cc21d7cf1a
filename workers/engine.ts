import type { EngineContext } from '../src/pool/engine-thread.js'
import type { Recorder } from '../src/recorder/recorder.js'
import { SharedBlockStore } from '../src/simulate/block-store.js'
import { type EngineOptions, runEngine } from '../src/simulate/engine.js'
import { EngineFault } from '../src/simulate/engine-fault.js'
import type { Fault } from '../src/simulate/fault.js'
import { FaultyLatency } from '../src/simulate/faulty-latency.js'
import { FullStore } from '../src/simulate/full-store.js'
import { LatencyModel, type LatencyOptions } from '../src/simulate/latency.js'
import { plannedCrash } from '../src/simulate/planned-crash.js'
import { SharedPhase } from '../src/simulate/scenario-phase.js'
import {
  countCall,
  createCounts,
  type EngineTally,
  type StoreCall,
} from '../src/simulate/store-call.js'

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
  /** What a scenario does to this engine. */
  readonly scenario?: ScenarioTask
}

/** The part of a scenario for one engine. */
export interface ScenarioTask {
  readonly fault: Fault
  /** The `buffer` of the scenario's {@link SharedPhase}. */
  readonly phaseBuffer: SharedArrayBuffer
}

/** The options of an engine that a fault may replace. */
type Replaceable = Pick<EngineOptions, 'store' | 'latency' | 'record' | 'stopRequested'>

/**
 * The engine of `moonmeter simulate`: replays requests against the modelled store and records its
 * calls.
 *
 * @returns the tally of the recorded calls
 * @throws Error with the tally when the scenario makes the incarnation crash
 */
export function run({
  engine,
  recorder,
  task,
}: EngineContext<SyntheticTask>): Promise<EngineTally> {
  const { storeBuffer, begun, latency, seed, scenario, ...options } = task
  Atomics.store(new Int32Array(begun), 0, 1)
  const recorders = {
    lookup_exists: recorder.operation('lookup_exists'),
    load_get: recorder.operation('load_get'),
    save_exists: recorder.operation('save_exists'),
    save_put: recorder.operation('save_put'),
  }
  const parts: Replaceable = {
    store: new SharedBlockStore(storeBuffer),
    latency: new LatencyModel(seed, engine, latency),
    record: ({ operation, durationSeconds, numKeys, numBytes, status, numFailedKeys }) =>
      recorders[operation].record(durationSeconds, numKeys, numBytes, status, numFailedKeys),
    stopRequested: () => recorder.stopRequested,
  }
  const rest = { ...options, engine }
  if (scenario === undefined) return runEngine({ ...rest, ...parts })
  return runWithFault({ ...rest, ...parts }, scenario, seed, recorder)
}

async function runWithFault(
  options: EngineOptions,
  { fault, phaseBuffer }: ScenarioTask,
  seed: number,
  recorder: Recorder,
): Promise<EngineTally> {
  const { store, latency, record, stopRequested, engine } = options
  const phase = new SharedPhase(phaseBuffer)
  const others = createCounts()
  const flood = (call: StoreCall) => {
    record(call)
    if (call.operation !== 'lookup_exists' || !phase.isFault) return
    const { durationSeconds, numKeys, status, numFailedKeys } = call
    recorder.record(`lookup_of_request_${others.calls}`, durationSeconds, numKeys, {
      status,
      numFailedKeys,
    })
    countCall(others, call)
  }
  const ends = new EngineFault(fault, phase, () => performance.now())
  const tally = await runEngine({
    ...options,
    store: fault.isStoreFull ? new FullStore(store, phase) : store,
    latency: new FaultyLatency(latency, fault, phase, seed, engine),
    record: fault.floodsNames ? flood : record,
    stopRequested: () => ends.stopRequested(stopRequested),
  })
  const result = { ...tally, others }
  if (ends.crashed) throw plannedCrash(result)
  return result
}
