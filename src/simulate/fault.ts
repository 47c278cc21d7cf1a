import type { StoreOperation } from './store-call.js'

/** Failures of calls of an operation, in addition to those of the latency model. */
interface CallFailures {
  /** Fraction of calls that are faulty, 0 to 1. */
  readonly rate: number
  /** Mean number of faulty calls of the operation in a row, at least 1. */
  readonly meanBurstCalls: number
  /** Fraction of faulty gets and puts that fail as a whole; in the others some keys fail. */
  readonly wholeCallShare: number
}

/** The fault of an engine during a scenario; it can be posted to a thread. */
export interface Fault {
  /** Factors of the durations, by operation; default 1. */
  readonly slowdown?: Readonly<Partial<Record<StoreOperation, number>>>
  /** Failures by operation. */
  readonly failures?: Readonly<Partial<Record<StoreOperation, CallFailures>>>
  /** Whether the store is full: puts are called, but store no blocks. */
  readonly isStoreFull?: boolean
  /** Seconds after which each incarnation crashes. */
  readonly crashAfterSeconds?: number
  /** Whether the thread of the engine blocks, so that the engine sends no report. */
  readonly hangs?: boolean
  /** Whether each lookup is also recorded under a new name. */
  readonly floodsNames?: boolean
}
