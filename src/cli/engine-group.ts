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

  /** Number of incarnations that failed, without planned crashes. */
  get failures(): number {
    return this.#failures
  }

  /** Number of planned crashes of a scenario. */
  get plannedCrashes(): number {
    return this.#crashTallies.length
  }

  /** Runs the engines of all pools until each has ended. */
  async run(): Promise<EngineOutcome[]> {
    const outcomes = await Promise.all(this.#pools.map((pool) => pool.run()))
    return outcomes.flat()
  }

  /** Stops all pools. May be called repeatedly. */
  async stop(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.stop()))
  }

  /**
   * The tallies of the incarnations that returned or crashed as planned. Other failed incarnations
   * have no tally.
   *
   * @throws MoonmeterError `ENGINE_FAILED` when the last incarnation of an engine failed, except by
   * a planned crash
   */
  talliesOf(outcomes: readonly EngineOutcome[]): EngineTally[] {
    const returned = outcomes.flatMap((outcome) => {
      if (outcome.state === 'finished') {
        // An engine that was stopped while it waited for a restart has no result.
        return outcome.result === undefined ? [] : [outcome.result as EngineTally]
      }
      // The tally of a planned crash was stored at its event `exit`.
      if (tallyOfPlannedCrash(outcome.error.cause) !== undefined) return []
      throw outcome.error
    })
    return [...returned, ...this.#crashTallies]
  }
}
