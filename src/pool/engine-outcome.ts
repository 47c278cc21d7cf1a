import type { MoonmeterError } from '../errors.js'

/** Why a life of an engine ended other than by returning. */
export type ExitReason =
  /** Its function threw or its promise was rejected, or an exception was caught nowhere. */
  | 'error'
  /** Its thread ended under it: `process.exit`, `terminate()`. */
  | 'exit'
  /** Its thread ran out of memory under `resourceLimits`. */
  | 'out_of_memory'
  /** It did not stop in time and was ended by the pool. */
  | 'aborted'

/** How an engine ended for good. */
export type EngineOutcome =
  | { readonly engine: number; readonly state: 'finished'; readonly result: unknown }
  | {
      readonly engine: number
      readonly state: 'failed'
      readonly reason: ExitReason
      readonly error: MoonmeterError
    }
