import type { Fault } from './fault.js'
import type { SharedPhase } from './scenario-phase.js'

const MS_PER_SECOND = 1e3
/** Longest time that a hanging engine blocks before it checks whether it is to stop. */
const HANG_CHECK_MS = 100

/** Crashes and hangs of one incarnation of an engine during a fault. */
export class EngineFault {
  readonly #fault: Fault
  readonly #phase: SharedPhase
  readonly #nowMs: () => number
  /** Since when the incarnation runs with the fault. */
  #faultMs: number | undefined
  #crashed = false

  /** @param nowMs milliseconds since any moment, never decreasing */
  constructor(fault: Fault, phase: SharedPhase, nowMs: () => number) {
    this.#fault = fault
    this.#phase = phase
    this.#nowMs = nowMs
  }

  /** Whether the incarnation has crashed: it ends as soon as `stopRequested` has returned true. */
  get crashed(): boolean {
    return this.#crashed
  }

  /**
   * Whether the engine is to stop: it was asked to, or it crashes. A hang blocks the thread in here
   * until the fault is over or the engine is asked to stop.
   *
   * @param isAsked whether the engine was asked to stop
   */
  stopRequested(isAsked: () => boolean): boolean {
    if (isAsked() || this.#crashed) return true
    if (!this.#phase.isFault) {
      this.#faultMs = undefined
      return false
    }
    const { hangs = false, crashAfterSeconds = Number.POSITIVE_INFINITY } = this.#fault
    while (hangs && this.#phase.isFault) {
      if (isAsked()) return true
      this.#phase.blockDuringFault(HANG_CHECK_MS)
    }
    const nowMs = this.#nowMs()
    this.#faultMs ??= nowMs
    this.#crashed = nowMs - this.#faultMs >= crashAfterSeconds * MS_PER_SECOND
    return this.#crashed
  }
}
