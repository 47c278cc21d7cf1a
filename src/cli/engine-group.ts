import type { EngineOutcome } from '../pool/engine-outcome.js'
import type { EnginePool } from '../pool/engine-pool.js'
import { tallyOfPlannedCrash } from '../simulate/planned-crash.js'
import type { EngineTally } from '../simulate/store-call.js'

/** Pools of synthetic engines that run and stop together. */
export class EngineGroup {
  readonly #pools: readonly EnginePool[]
  readonly #crashTallies: EngineTally[] = []
  #failures = 0

  constructor(pools: readonly EnginePool[]) {
    this.#pools = pools
    for (const pool of pools) {
      pool.on('exit', ({ error }) => {
        const tally = tallyOfPlannedCrash(error.cause)
        if (tally === undefined) this.#failures++
        else this.#crashTallies.push(tally)
      })
    }
  }

  /** Incarnations that failed without a plan. */
  get failures(): number {
    return this.#failures
  }

  /** Incarnations that crashed as a scenario plans. */
  get plannedCrashes(): number {
    return this.#crashTallies.length
  }

  /** Runs the engines of all pools until each has ended. */
  async run(): Promise<EngineOutcome[]> {
    const outcomes = await Promise.all(this.#pools.map((pool) => pool.run()))
    return outcomes.flat()
  }

  /** Stops all pools; it can be called repeatedly. */
  async stop(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.stop()))
  }

  /**
   * The tallies of the incarnations that returned or crashed as planned. An incarnation that failed
   * otherwise has none.
   *
   * @throws MoonmeterError `ENGINE_FAILED` when the last incarnation of an engine failed unplanned
   */
  talliesOf(outcomes: readonly EngineOutcome[]): EngineTally[] {
    const returned = outcomes.flatMap((outcome) => {
      if (outcome.state === 'finished') {
        // An engine that was stopped while it waited for a restart has no result.
        return outcome.result === undefined ? [] : [outcome.result as EngineTally]
      }
      // The tally of a planned crash was noted at its exit.
      if (tallyOfPlannedCrash(outcome.error.cause) !== undefined) return []
      throw outcome.error
    })
    return [...returned, ...this.#crashTallies]
  }
}
