import { resolveNumbers } from '../options.js'
import { FaultChain } from './fault-chain.js'
import { engineRandom, type Random } from './random.js'
import type { StoreCall, StoreOperation } from './store-call.js'

/** The standard normal distribution's 99th percentile. */
const NORMAL_P99 = 2.3263478740408408
const SIGMA_MAX = 5
const SECONDS_MAX = 3600

/**
 * Defaults and ranges of {@link LatencyOptions}. A sigma is the standard deviation of the natural
 * logarithm of the durations.
 *
 * The defaults of gets and puts fit the published reads of Qwen3-8B over 8×RoCE, 20 MB to 4.5 GB,
 * within 7 % (1 % at both ends), and the one published spread, 805 MB in 120 to 183 ms, taken as
 * one sigma to either side. No figures are published for existence checks.
 */
export const LATENCY_OPTIONS = {
  /** Median duration of a get or put of 0 bytes, in seconds. */
  floorSeconds: { fallback: 0.0004, min: 0, max: SECONDS_MAX },
  bandwidthBytesPerSecond: { fallback: 144e9, min: 1, max: 1e15 },
  /** Sigma of gets and puts. */
  transferSigma: { fallback: Math.log(183 / 120) / 2, min: 0, max: SIGMA_MAX },
  /** Median duration of an existence check in seconds, for any number of keys. */
  checkMedianSeconds: { fallback: 0.0002, min: 0, max: SECONDS_MAX },
  /** Sigma of existence checks; by default p99 is ten times the median. */
  checkSigma: { fallback: Math.log(10) / NORMAL_P99, min: 0, max: SIGMA_MAX },
  /** Fraction of calls that are faulty. */
  errorRate: { fallback: 0, min: 0, max: 1 },
  /** Mean number of faulty calls in a row. */
  meanBurstCalls: { fallback: 5, min: 1, max: 1e9 },
  /** Fraction of faulty gets and puts that fail as a whole; in the others some keys fail. */
  wholeCallShare: { fallback: 0.25, min: 0, max: 1 },
} as const

/** Durations and faults of calls to the modelled store; each option has a default. */
export type LatencyOptions = {
  readonly [Name in keyof typeof LATENCY_OPTIONS]?: number | undefined
}

/** Models the calls of one engine to the store. */
export interface CallModel {
  /** Samples the outcome of a call with at least one key. */
  sample(operation: StoreOperation, numKeys: number, numBytes: number): StoreCall
}

/**
 * Models the durations and faults of one engine's calls to the store. The median duration of a get
 * or put is `floorSeconds + bytes / bandwidth`, that of a check is fixed, and both are log-normal.
 */
export class LatencyModel implements CallModel {
  readonly #options: Readonly<Record<keyof LatencyOptions, number>>
  readonly #durations: Random
  // A separate stream of random numbers, so that the durations do not depend on the error rate.
  readonly #faults: Random
  readonly #chain: FaultChain

  /**
   * @param seed any safe integer; with `engine` it determines every sample
   * @throws MoonmeterError `INVALID_OPTION` for an unknown option or one out of range
   */
  constructor(seed: number, engine: number, options: LatencyOptions = {}) {
    this.#options = resolveNumbers('latency', LATENCY_OPTIONS, options)
    this.#durations = engineRandom(seed, engine, 'latency')
    this.#faults = engineRandom(seed, engine, 'faults')
    const { errorRate, meanBurstCalls } = this.#options
    this.#chain = new FaultChain(this.#faults, errorRate, meanBurstCalls)
  }

  /** Samples the outcome of a call with at least one key. */
  sample(operation: StoreOperation, numKeys: number, numBytes: number): StoreCall {
    const { floorSeconds, bandwidthBytesPerSecond, transferSigma } = this.#options
    const { checkMedianSeconds, checkSigma, wholeCallShare } = this.#options
    const durationSeconds = isCheck(operation)
      ? this.#durations.logNormal(checkMedianSeconds, checkSigma)
      : this.#durations.logNormal(floorSeconds + numBytes / bandwidthBytesPerSecond, transferSigma)
    // Object spread in place of these variables made simulations at speed max four times slower.
    let status: StoreCall['status'] = 'ok'
    let numFailedKeys = 0
    if (this.#chain.next()) {
      ;({ status, numFailedKeys } = failedCall(this.#faults, operation, numKeys, wholeCallShare))
    }
    return { operation, durationSeconds, numKeys, numBytes, status, numFailedKeys }
  }
}

/**
 * Draws how a faulty call fails.
 *
 * @param wholeCallShare fraction of gets and puts that fail as a whole; in the others some keys fail
 */
export function failedCall(
  random: Random,
  operation: StoreOperation,
  numKeys: number,
  wholeCallShare: number,
): Pick<StoreCall, 'status' | 'numFailedKeys'> {
  // A faulty check returns nothing, so it always fails as a whole.
  const isWhole = random.uniform() < (isCheck(operation) ? 1 : wholeCallShare)
  if (isWhole) return { status: 'error', numFailedKeys: numKeys }
  return { status: 'partial_failure', numFailedKeys: 1 + random.below(numKeys) }
}

function isCheck(operation: StoreOperation): boolean {
  return operation.endsWith('_exists')
}
