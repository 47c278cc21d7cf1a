import type { MoonmeterError } from '../errors.js'

/**
 * Why an incarnation of an engine failed.
 *
 * - `error`: the engine's function threw or rejected, or an exception was uncaught.
 * - `exit`: its thread ended during the run, by `process.exit` or `worker.terminate`.
 * - `out_of_memory`: its thread exceeded the heap limit of `resourceLimits`.
 * - `aborted`: it did not stop within `stopTimeoutMs`, so the pool terminated its thread.
 * - `lost`: its thread did not end within `terminateTimeoutMs` of the termination. Its rows until
 *   then count. `process.exit` waits for such a thread; `process.abort` and SIGKILL do not.
 */
export type ExitReason = 'error' | 'exit' | 'out_of_memory' | 'aborted' | 'lost'

/**
 * How an engine of an `EnginePool` ended: its function returned `result`, or its last incarnation
 * failed. `result` is undefined if the pool was stopped while the engine waited for a restart.
 */
export type EngineOutcome =
  | { readonly engine: number; readonly state: 'finished'; readonly result: unknown }
  | {
      readonly engine: number
      readonly state: 'failed'
      readonly reason: ExitReason
      /**
       * An error with the code `ENGINE_FAILED`. Its `cause` is a clone of the thrown value, or an
       * `Error` with the text of a value that cannot be cloned.
       */
      readonly error: MoonmeterError
    }

/**
 * Events of `EnginePool` with the arguments of their listeners. A listener that throws or rejects
 * causes a warning of the process and does not affect the engines and other listeners.
 */
export interface PoolEvents {
  /** An incarnation starts. */
  start: [{ engine: number; incarnation: number }]
  /** An incarnation failed. */
  exit: [{ engine: number; incarnation: number; reason: ExitReason; error: MoonmeterError }]
  /** The next incarnation of a failed engine is about to start, after a delay in milliseconds. */
  restart: [{ engine: number; reason: ExitReason; delayMs: number }]
  /** A thread failed while it ran no incarnation, or did not end when the pool was stopped. */
  threadError: [Error]
}

/** Calls the listeners of an event. Never throws. */
export type EmitPoolEvent = <Name extends keyof PoolEvents>(
  name: Name,
  ...event: PoolEvents[Name]
) => void
