import type { StoreOperation } from './store-call.js'

/** How often calls of an operation fail, beside the faults of the latency model. */
interface CallFailures {
  /** Fraction of calls that are faulty, 0 to 1. */
  readonly rate: number
  /** Mean number of faulty calls of the operation in a row, at least 1. */
  readonly meanBurstCalls: number
  /** Fraction of faulty gets and puts that fail as a whole; in the others some keys fail. */
  readonly wholeCallShare: number
}

/** What goes wrong with an engine during a scenario; it can be posted to a thread. */
export interface Fault {
  /** Factors of the durations, by operation; others take as long as before. */
  readonly slowdown?: Readonly<Partial<Record<StoreOperation, number>>>
  /** Failures by operation. */
  readonly failures?: Readonly<Partial<Record<StoreOperation, CallFailures>>>
  /** Whether the store takes no further blocks: puts are tried, and nothing of them is stored. */
  readonly isStoreFull?: boolean
  /** Seconds after which each incarnation crashes. */
  readonly crashAfterSeconds?: number
  /** Whether the thread of the engine blocks, so that the engine sends no report. */
  readonly hangs?: boolean
  /** Whether each lookup is recorded once more, under a name of its own. */
  readonly floodsNames?: boolean
}
