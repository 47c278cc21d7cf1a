import { setImmediate as nextLoop } from 'node:timers/promises'
import type { EngineClock } from '../../src/simulate/engine.js'

interface Sleeper {
  readonly dueMs: number
  readonly wake: () => void
}

/** A clock that only {@link FakeClock.run} advances, to the end of the next sleep. */
export class FakeClock implements EngineClock {
  /** Durations of all sleeps, in milliseconds. */
  readonly sleepsMs: number[] = []
  sleepersMax = 0
  #nowMs = 1000
  readonly #sleepers: Sleeper[] = []

  nowMs(): number {
    return this.#nowMs
  }

  sleepMs(durationMs: number): Promise<void> {
    this.sleepsMs.push(durationMs)
    return new Promise((wake) => {
      this.#sleepers.push({ dueMs: this.#nowMs + durationMs, wake })
      this.sleepersMax = Math.max(this.sleepersMax, this.#sleepers.length)
    })
  }

  /** Advances the clock until `work` has settled. */
  async run<Result>(work: Promise<Result>): Promise<Result> {
    let done = false
    const settled = work.finally(() => {
      done = true
    })
    settled.catch(() => undefined)
    for (;;) {
      await nextLoop()
      if (done) return settled
      this.#sleepers.sort((a, b) => a.dueMs - b.dueMs)
      const next = this.#sleepers.shift()
      if (next === undefined) continue
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.wake()
    }
  }
}
