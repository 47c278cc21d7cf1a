import { requireType, resolveNumbers, TIMER_MS_MAX } from '../options.js'

const NUMBERS = {
  delayMsMin: { fallback: 100, min: 1, max: TIMER_MS_MAX },
  delayMsMax: { fallback: 30_000, min: 1, max: TIMER_MS_MAX },
  resetAfterMs: { fallback: 60_000, min: 1, max: TIMER_MS_MAX },
  restartsMax: { fallback: 10, min: 0, max: 2 ** 31, integer: true },
} as const

/** How an engine that died is brought back; each option has a default. */
export interface RestartOptions {
  /** Milliseconds before the first restart; doubled for each that follows; default 100. */
  readonly delayMsMin?: number
  /** Milliseconds the delay grows to; default 30 000. */
  readonly delayMsMax?: number
  /** Restarts in a row before the engine is given up; default 10, 0 gives it up at once. */
  readonly restartsMax?: number
  /** Milliseconds of a life after which the row of restarts starts afresh; default 60 000. */
  readonly resetAfterMs?: number
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
  readonly #numbers: Readonly<Record<keyof typeof NUMBERS, number>>
  readonly #random: () => number
  #restarts = 0

  /** @throws MoonmeterError `INVALID_OPTION` for an unknown option or one out of range */
  constructor(options: RestartOptions = {}) {
    this.#numbers = resolveNumbers('restart', NUMBERS, options, ['random'])
    requireType('restart.random', 'function', options.random)
    this.#random = options.random ?? Math.random
  }

  /**
   * Milliseconds to wait before the next restart, or undefined to give up.
   *
   * @param lifeMs how long the life lasted that just ended
   */
  next(lifeMs: number): number | undefined {
    const { delayMsMin, delayMsMax, resetAfterMs, restartsMax } = this.#numbers
    if (lifeMs >= resetAfterMs) this.#restarts = 0
    if (this.#restarts >= restartsMax) return undefined
    const delayMs = Math.min(delayMsMax, delayMsMin * 2 ** this.#restarts++)
    return delayMs * (1 - this.#random() / 2)
  }
}
