const UINT32_RANGE = 2 ** 32
/** Rounds discarded after seeding, as PractRand's own three-word seeding does. */
const WARM_UP_ROUNDS = 15
/** Each purpose has its own stream, so that draws for one do not shift those for another. */
const PURPOSES = ['traffic', 'latency', 'faults'] as const
/** The first stream of scenarios. */
const SCENARIO_STREAMS = 2 ** 31

/**
 * A seeded random number generator: sfc32, Chris Doty-Humphrey's Small Fast Counting generator.
 *
 * It has 128 bits of state and a period of at least 2^32, and passes PractRand. The seed and the
 * stream are three of its four words, so different (seed, stream) pairs start in different states.
 * It is not suitable for secrets.
 *
 * @see https://pracrand.sourceforge.net (RNGs/sfc.cpp)
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1
  #spareNormal: number | undefined

  /**
   * @param seed any safe integer
   * @param stream 0 to 2^32 - 1; the streams of one seed are independent
   */
  constructor(seed: number, stream: number) {
    this.#a = stream | 0
    this.#b = seed | 0
    this.#c = Math.floor(seed / UINT32_RANGE) | 0
    for (let round = 0; round < WARM_UP_ROUNDS; round++) this.uint32()
  }

  /** An integer, uniform over 0 to 2^32 - 1. */
  uint32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0
    return result >>> 0
  }

  /** A number uniform over [0, 1), with 53 random bits. */
  uniform(): number {
    return ((this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6)) * 2 ** -53
  }

  /** An integer uniform over 0 to `bound` - 1; `bound` is 1 to 2^32. */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound)
  }

  /**
   * A standard normal number: mean 0, standard deviation 1.
   *
   * @see G. Marsaglia, T. A. Bray, "A convenient method for generating normal variables",
   * SIAM Review 6 (1964), doi:10.1137/1006063 (the polar method, which generates them in pairs)
   */
  normal(): number {
    const spare = this.#spareNormal
    this.#spareNormal = undefined
    if (spare !== undefined) return spare
    for (;;) {
      const x = 2 * this.uniform() - 1
      const y = 2 * this.uniform() - 1
      const square = x * x + y * y
      if (square >= 1 || square === 0) continue
      const scale = Math.sqrt((-2 * Math.log(square)) / square)
      this.#spareNormal = y * scale
      return x * scale
    }
  }

  /** A log-normal number; `sigma` is the standard deviation of its natural logarithm. */
  logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal())
  }

  /** An exponential number: the time between two events of a Poisson process. */
  exponential(mean: number): number {
    return -mean * Math.log1p(-this.uniform())
  }
}

/** Creates the random number generator of an engine for one purpose. */
export function engineRandom(
  seed: number,
  engine: number,
  purpose: (typeof PURPOSES)[number],
): Random {
  return new Random(seed, engine * PURPOSES.length + PURPOSES.indexOf(purpose))
}

/** Creates the random number generator of an engine for the failures of a scenario. */
export function scenarioRandom(seed: number, engine: number): Random {
  // Separate from the streams of all purposes, which depend on the number of purposes.
  return new Random(seed, SCENARIO_STREAMS + engine)
}
