const CAPACITY_MIN = 64

/**
 * The single durations of an operation, which make percentiles exact. When there are more than the
 * maximum, all are dropped, and percentiles come from the bins.
 */
export class DurationLog {
  readonly #max: number
  #durations = new Float64Array(0)
  #length = 0
  /** Whether every added duration is kept. */
  #complete = true

  /** @param max maximum number of durations; 0 keeps none. */
  constructor(max: number) {
    this.#max = max
  }

  add(durationSeconds: number): void {
    if (!this.#reserve(1)) return
    this.#durations[this.#length++] = durationSeconds
  }

  /** Add many durations; `undefined` means that some are unknown. */
  addAll(durations: Float64Array | undefined): void {
    if (durations === undefined) this.#drop()
    else if (this.#reserve(durations.length)) {
      this.#durations.set(durations, this.#length)
      this.#length += durations.length
    }
  }

  /** A view of the durations in seconds, in no particular order; undefined when incomplete. */
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
