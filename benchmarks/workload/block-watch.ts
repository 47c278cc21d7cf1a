/** Milliseconds between two ticks of a timer that nothing is in the way of. */
const TICK_MS = 1

/** Sees how long the event loop of its thread was not free, by a timer of a millisecond. */
export class BlockWatch {
  readonly #timer: NodeJS.Timeout
  #last = performance.now()
  #longestMs = 0

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  /** Forget what was, and start again. */
  restart(): void {
    this.#last = performance.now()
    this.#longestMs = 0
  }

  /** The longest time without a tick since `restart`, in milliseconds, less the tick itself. */
  get longestMs(): number {
    return this.#longestMs
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    const now = performance.now()
    this.#longestMs = Math.max(this.#longestMs, now - this.#last - TICK_MS)
    this.#last = now
  }
}
