import type { Fault } from './fault.js'
import { FaultChain } from './fault-chain.js'
import { type CallModel, failedCall } from './latency.js'
import { type Random, scenarioRandom } from './random.js'
import type { SharedPhase } from './scenario-phase.js'
import type { StoreCall, StoreOperation } from './store-call.js'

/** Wraps a model; during a fault, calls are slower and fail more often. */
export class FaultyLatency implements CallModel {
  readonly #model: CallModel
  readonly #fault: Fault
  readonly #phase: SharedPhase
  readonly #random: Random
  readonly #chains = new Map<StoreOperation, FaultChain>()

  /** @param seed any safe integer; with `engine` it determines which calls fail */
  constructor(model: CallModel, fault: Fault, phase: SharedPhase, seed: number, engine: number) {
    this.#model = model
    this.#fault = fault
    this.#phase = phase
    this.#random = scenarioRandom(seed, engine)
    for (const [operation, { rate, meanBurstCalls }] of Object.entries(fault.failures ?? {})) {
      const chain = new FaultChain(this.#random, rate, meanBurstCalls)
      this.#chains.set(operation as StoreOperation, chain)
    }
  }

  sample(operation: StoreOperation, numKeys: number, numBytes: number): StoreCall {
    const call = this.#model.sample(operation, numKeys, numBytes)
    if (!this.#phase.isFault) return call
    const factor = this.#fault.slowdown?.[operation] ?? 1
    const slower = factor === 1 ? call : { ...call, durationSeconds: call.durationSeconds * factor }
    const failures = this.#fault.failures?.[operation]
    const isFaulty = this.#chains.get(operation)?.next() === true
    if (failures === undefined || !isFaulty || call.status !== 'ok') return slower
    return { ...slower, ...failedCall(this.#random, operation, numKeys, failures.wholeCallShare) }
  }
}
