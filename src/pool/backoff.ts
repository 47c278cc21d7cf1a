import { requireType, resolveNumbers, TIMER_MS_MAX } from '../options.js'

const NUMBERS = {
  delayMsMin: { fallback: 100, min: 1, max: TIMER_MS_MAX },
  delayMsMax: { fallback: 30_000, min: 1, max: TIMER_MS_MAX },
  resetAfterMs: { fallback: 60_000, min: 1, max: TIMER_MS_MAX },
  restartsMax: { fallback: 10, min: 0, max: 2 ** 31, integer: true },
} as const

/** Options of the restarts of failed engines by an `EnginePool`. */
export interface RestartOptions {
  /**
   * Milliseconds before the first restart, 1 to 2^31 - 1; the delay doubles with each further
   * restart in a row. Default 100.
   */
  readonly delayMsMin?: number
  /** Upper limit of the delay in milliseconds, 1 to 2^31 - 1. Default 30,000. */
  readonly delayMsMax?: number
  /** Maximum number of restarts in a row, 0 to 2^31. Default 10. */
  readonly restartsMax?: number
  /**
   * Run time of an incarnation in milliseconds, 1 to 2^31 - 1, after which the count of restarts in
   * a row begins again. Default 60,000.
   */
  readonly resetAfterMs?: number
  /** Returns random numbers in [0, 1) for the jitter. Default `Math.random`. */
  readonly random?: () => number
}

/**
 * Computes the delays between restarts: exponential, each shortened by a random part of up to half
 * of it, so that engines that fail at the same time do not restart at the same time.
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
   * Returns the milliseconds to wait before the next restart; undefined if no restart is left.
   *
   * @param ranMs run time of the failed incarnation, in milliseconds
   */
  next(ranMs: number): number | undefined {
    const { delayMsMin, delayMsMax, resetAfterMs, restartsMax } = this.#numbers
    if (ranMs >= resetAfterMs) this.#restarts = 0
    if (this.#restarts >= restartsMax) return undefined
    const delayMs = Math.min(delayMsMax, delayMsMin * 2 ** this.#restarts++)
    return delayMs * (1 - this.#random() / 2)
  }
}
