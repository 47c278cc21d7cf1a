import { integerOption, refuseUnknownOptions } from '../options.js'

const DELAY_MS_MIN = 100
const DELAY_MS_MAX = 30_000
const RESTARTS_MAX = 10
const MS_RANGE = [1, 2 ** 31 - 1] as const

/** How an engine that died is brought back; each option has a default. */
export interface RestartOptions {
  /** Milliseconds before the first restart; doubled for each that follows; default 100. */
  readonly delayMsMin?: number
  /** Milliseconds the delay grows to; default 30 000. */
  readonly delayMsMax?: number
  /**
   * Restarts in a row before the engine is given up; default 10, 0 gives it up at once. A life
   * that lasted `delayMsMax` starts the row afresh.
   */
  readonly restartsMax?: number
  /** Numbers in [0, 1) for the jitter; default `Math.random`. */
  readonly random?: () => number
}

/**
 * Delays between restarts: exponential, each cut by a random part of up to its half, so that
 * engines that died together do not come back together.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export class Backoff {
  readonly #delayMsMin: number
  readonly #delayMsMax: number
  readonly #restartsMax: number
  readonly #random: () => number
  #restarts = 0

  /** @throws MoonmeterError `INVALID_OPTION` for an unknown option or one out of range */
  constructor(options: RestartOptions = {}) {
    refuseUnknownOptions('restart', options, ['delayMsMin', 'delayMsMax', 'restartsMax', 'random'])
    const { delayMsMin, delayMsMax, restartsMax } = options
    this.#delayMsMin = integerOption('delayMsMin', delayMsMin, DELAY_MS_MIN, MS_RANGE)
    this.#delayMsMax = integerOption('delayMsMax', delayMsMax, DELAY_MS_MAX, MS_RANGE)
    this.#restartsMax = integerOption('restartsMax', restartsMax, RESTARTS_MAX, [0, 2 ** 31])
    this.#random = options.random ?? Math.random
  }

  /**
   * Milliseconds to wait before the next restart, or undefined to give up.
   *
   * @param lifeMs how long the life lasted that just ended
   */
  next(lifeMs: number): number | undefined {
    if (lifeMs >= this.#delayMsMax) this.#restarts = 0
    if (this.#restarts >= this.#restartsMax) return undefined
    const delayMs = Math.min(this.#delayMsMax, this.#delayMsMin * 2 ** this.#restarts++)
    return delayMs * (1 - this.#random() / 2)
  }
}
