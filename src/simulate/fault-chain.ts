import type { Random } from './random.js'

/**
 * Decides which calls are faulty, in bursts: a Markov chain of a good and a bad state with one step
 * per call. Every call in the bad state is faulty and none in the good state (the Gilbert–Elliott
 * model with k = 1 and h = 0), so the fault rate and the mean burst length define the chain.
 *
 * @see E. N. Gilbert, "Capacity of a burst-noise channel", Bell System Technical Journal 39 (1960),
 * doi:10.1002/j.1538-7305.1960.tb03959.x
 * @see E. O. Elliott, "Estimates of error rates for codes on burst-noise channels", Bell System
 * Technical Journal 42 (1963), doi:10.1002/j.1538-7305.1963.tb00955.x
 */
export class FaultChain {
  readonly #random: Random
  readonly #enterProbability: number
  readonly #leaveProbability: number
  #bad: boolean

  /**
   * @param rate fraction of calls that are faulty, 0 to 1
   * @param meanBurstCalls mean number of faulty calls in a row, at least 1; bursts are longer if
   * the rate requires it, since at least one good call separates two bursts
   */
  constructor(random: Random, rate: number, meanBurstCalls: number) {
    this.#random = random
    this.#leaveProbability = rate === 0 ? 1 : Math.min(1 / meanBurstCalls, (1 - rate) / rate)
    // In the steady state as many bursts begin as end: (1 - rate) * enter = rate * leave.
    this.#enterProbability = rate === 1 ? 1 : (rate * this.#leaveProbability) / (1 - rate)
    // The chain starts in its steady state, so that short runs have the same rate as long ones.
    this.#bad = random.uniform() < rate
  }

  /** Whether the next call is faulty. */
  next(): boolean {
    const faulty = this.#bad
    const draw = this.#random.uniform()
    this.#bad = faulty ? draw >= this.#leaveProbability : draw < this.#enterProbability
    return faulty
  }
}
