/** Milliseconds between two ticks of the timer while the event loop is free. */
const TICK_MS = 1

/** Measures by a timer of a millisecond how long the event loop of its thread is blocked. */
export class BlockWatch {
  readonly #timer: NodeJS.Timeout
  #last = performance.now()
  #longestMs = 0

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  /** Start a new measurement. */
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
