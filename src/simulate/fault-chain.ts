import type { Random } from './random.js'

/**
 * Which calls are faulty, in bursts: a Markov chain of a good and a bad state, one step a call.
 *
 * Every call in the bad state is faulty and none in the good one (the Gilbert–Elliott model with
 * k = 1 and h = 0), so the chain is given by two things one can see: the share of faulty calls and
 * the mean length of a run of them.
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
   * @param rate share of calls that are faulty, 0 to 1.
   * @param meanBurstCalls mean length of a run of faulty calls, at least 1. Runs are longer where
   * the rate cannot be had otherwise: between two runs there is at least one good call.
   */
  constructor(random: Random, rate: number, meanBurstCalls: number) {
    this.#random = random
    this.#leaveProbability = rate === 0 ? 1 : Math.min(1 / meanBurstCalls, (1 - rate) / rate)
    // In the long run as many bursts begin as end: (1 - rate) * enter = rate * leave.
    this.#enterProbability = rate === 1 ? 1 : (rate * this.#leaveProbability) / (1 - rate)
    // Begun from the long-run state, so that a short run has no fewer faults than a long one.
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
