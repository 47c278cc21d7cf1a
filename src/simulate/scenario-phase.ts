/** The phases of a scenario, in order. */
export const PHASES = ['calm', 'fault', 'recovery'] as const

/** One of {@link PHASES}. */
export type Phase = (typeof PHASES)[number]

const FAULT = PHASES.indexOf('fault')

/** When the phases of a scenario begin. */
export interface PhaseTiming {
  /** Seconds from the start of the run to the fault. */
  readonly afterSeconds: number
  /** Length of the fault in seconds; `Infinity` for one that does not end. */
  readonly faultSeconds: number
}

/** The phase at a time since the start of the run. */
export function phaseAt({ afterSeconds, faultSeconds }: PhaseTiming, seconds: number): Phase {
  if (seconds < afterSeconds) return 'calm'
  return seconds < afterSeconds + faultSeconds ? 'fault' : 'recovery'
}

/**
 * The current phase of a scenario, in shared memory. The main thread sets it, so that all engines
 * change at the time of the announcement without a common clock.
 */
export class SharedPhase {
  /** The memory, which can be posted to other threads. */
  readonly buffer: SharedArrayBuffer
  readonly #index: Int32Array<SharedArrayBuffer>

  /** @param buffer the `buffer` of another thread; default that of a new scenario, in `calm` */
  constructor(buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer
    this.#index = new Int32Array(buffer)
  }

  /** The current phase. */
  get current(): Phase {
    return PHASES[Atomics.load(this.#index, 0)] ?? 'calm'
  }

  /** Whether the current phase is `fault`. */
  get isFault(): boolean {
    return Atomics.load(this.#index, 0) === FAULT
  }

  /** Sets the phase, and wakes the threads that wait for the end of the fault. */
  set(phase: Phase): void {
    Atomics.store(this.#index, 0, PHASES.indexOf(phase))
    Atomics.notify(this.#index, 0)
  }

  /** Blocks this thread until the phase is not `fault`, or the time has passed. */
  blockDuringFault(timeoutMs: number): void {
    Atomics.wait(this.#index, 0, FAULT, timeoutMs)
  }
}
