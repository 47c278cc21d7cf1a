const CAPACITY_MIN = 64

/**
 * The single durations behind an operation's stats, as long as they are few enough to keep: with
 * them a percentile is exact. Once more come than fit, all are dropped and percentiles come from
 * the bins.
 */
export class DurationLog {
  readonly #max: number
  #durations = new Float64Array(0)
  #length = 0
  /** Whether every duration that was added is still here. */
  #complete = true

  /** @param max durations kept at most; 0 keeps none. */
  constructor(max: number) {
    this.#max = max
  }

  add(durationSeconds: number): void {
    if (!this.#reserve(1)) return
    this.#durations[this.#length++] = durationSeconds
  }

  /** Note many durations at once; `undefined` says that some are not known. */
  addAll(durations: Float64Array | undefined): void {
    if (durations === undefined) this.#drop()
    else if (this.#reserve(durations.length)) {
      this.#durations.set(durations, this.#length)
      this.#length += durations.length
    }
  }

  /** The durations in seconds, in no particular order: a view, or undefined when incomplete. */
  values(): Float64Array | undefined {
    return this.#complete ? this.#durations.subarray(0, this.#length) : undefined
  }

  #reserve(more: number): boolean {
    const needed = this.#length + more
    if (!this.#complete) return false
    if (needed > this.#max) {
      this.#drop()
      return false
    }
    if (needed > this.#durations.length) {
      const grown = new Float64Array(Math.max(needed, this.#durations.length * 2, CAPACITY_MIN))
      grown.set(this.#durations.subarray(0, this.#length))
      this.#durations = grown
    }
    return true
  }

  #drop(): void {
    this.#complete = false
    this.#durations = new Float64Array(0)
    this.#length = 0
  }
}
