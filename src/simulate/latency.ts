import { type NumberOption, resolveNumbers } from '../options.js'
import { FaultChain } from './fault-chain.js'
import { engineRandom, type Random } from './random.js'
import type { CallStatus } from './store-call.js'

/** How long calls to the modelled store take, and how they fail. */
export interface LatencyOptions {
  /** Seconds that any get or put takes at the median, whatever its size. */
  readonly floorSeconds?: number
  /** Bytes a second of a get or put. */
  readonly bandwidthBytesPerSecond?: number
  /** Log-normal spread of gets and puts: the standard deviation of the duration's logarithm. */
  readonly transferSigma?: number
  /** Median of an existence check in seconds, whatever the number of keys. */
  readonly checkMedianSeconds?: number
  /** Log-normal spread of existence checks. */
  readonly checkSigma?: number
  /** Share of calls that are faulty, 0 to 1. */
  readonly errorRate?: number
  /** Mean length of a run of faulty calls. */
  readonly meanBurstCalls?: number
  /** Share of faulty gets and puts that fail as a whole; of the others some keys fail. */
  readonly wholeCallShare?: number
}

/** The standard normal distribution's 99th percentile. */
const NORMAL_P99 = 2.3263478740408408
const SIGMA_MAX = 5
const SECONDS_MAX = 3600

const OPTIONS: Readonly<Record<keyof LatencyOptions, NumberOption>> = {
  // The published reads of Qwen3-8B over 8×RoCE, 20 MB to 4.5 GB: within 7 %, and 1 % at the ends.
  floorSeconds: { fallback: 0.0004, min: 0, max: SECONDS_MAX },
  bandwidthBytesPerSecond: { fallback: 144e9, min: 1, max: 1e15 },
  // The one spread published, 805 MB in 120 to 183 ms, taken as one sigma either side.
  transferSigma: { fallback: Math.log(183 / 120) / 2, min: 0, max: SIGMA_MAX },
  // No figure is published for existence checks: 0.2 ms at the median and 2 ms at p99 is assumed.
  checkMedianSeconds: { fallback: 0.0002, min: 0, max: SECONDS_MAX },
  checkSigma: { fallback: Math.log(10) / NORMAL_P99, min: 0, max: SIGMA_MAX },
  errorRate: { fallback: 0, min: 0, max: 1 },
  meanBurstCalls: { fallback: 5, min: 1, max: 1e9 },
  wholeCallShare: { fallback: 0.25, min: 0, max: 1 },
}

/**
 * The modelled network of one engine: each sample leaves the next call's outcome in its fields.
 *
 * A get or put takes `(floor + bytes / bandwidth)` at the median, a check a fixed median; both are
 * spread log-normally. A faulty call takes as long as a good one. The fields are overwritten by the
 * next sample: read them at once. They are fields so that sampling allocates nothing.
 */
export class LatencyModel {
  /** Seconds the sampled call takes. */
  durationSeconds = 0
  /** How the sampled call ends. */
  status: CallStatus = 'ok'
  /** Keys that fail in the sampled call: none, all for `error`, else 1 to all. */
  numFailedKeys = 0

  readonly #options: Readonly<Record<keyof LatencyOptions, number>>
  readonly #durations: Random
  // A stream of their own: another error rate leaves every duration as it was.
  readonly #faults: Random
  readonly #chain: FaultChain

  /**
   * @param seed any safe integer; with `engine` it decides every sample.
   * @throws MoonmeterError `INVALID_OPTION` for an unknown option or one out of range.
   */
  constructor(seed: number, engine: number, options: LatencyOptions = {}) {
    this.#options = resolveNumbers('latency', OPTIONS, options)
    this.#durations = engineRandom(seed, engine, 'latency')
    this.#faults = engineRandom(seed, engine, 'faults')
    const { errorRate, meanBurstCalls } = this.#options
    this.#chain = new FaultChain(this.#faults, errorRate, meanBurstCalls)
  }

  /** Samples an existence check; a faulty one fails as a whole, for there is no half answer. */
  sampleCheck(numKeys: number): void {
    const { checkMedianSeconds, checkSigma } = this.#options
    this.durationSeconds = this.#durations.logNormal(checkMedianSeconds, checkSigma)
    this.#sampleFault(numKeys, 1)
  }

  /** Samples a get or a put of `numKeys` (at least 1) keys and `numBytes` bytes together. */
  sampleTransfer(numKeys: number, numBytes: number): void {
    const { floorSeconds, bandwidthBytesPerSecond, transferSigma, wholeCallShare } = this.#options
    const median = floorSeconds + numBytes / bandwidthBytesPerSecond
    this.durationSeconds = this.#durations.logNormal(median, transferSigma)
    this.#sampleFault(numKeys, wholeCallShare)
  }

  #sampleFault(numKeys: number, wholeCallShare: number): void {
    this.status = 'ok'
    this.numFailedKeys = 0
    if (!this.#chain.next()) return
    const whole = this.#faults.uniform() < wholeCallShare
    this.status = whole ? 'error' : 'partial_failure'
    this.numFailedKeys = whole ? numKeys : 1 + this.#faults.below(numKeys)
  }
}
