import type { Fault } from './fault.js'
import type { SharedPhase } from './scenario-phase.js'

const MS_PER_SECOND = 1e3
/** Maximum milliseconds that a hanging engine blocks between checks for a stop request. */
const HANG_CHECK_MS = 100

/** Crashes and hangs of one incarnation of an engine during a fault. */
export class EngineFault {
  readonly #fault: Fault
  readonly #phase: SharedPhase
  readonly #nowMs: () => number
  /** The time at which the fault of the incarnation began. */
  #faultMs: number | undefined
  #crashed = false

  /** @param nowMs a monotonic clock, in milliseconds */
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
   * Whether the engine should stop: a stop was requested, or it crashes. A hang blocks the thread
   * in this method until the fault is over or a stop is requested.
   *
   * @param isAsked whether a stop was requested
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
