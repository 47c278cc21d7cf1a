import type { Totals } from '../workload/totals.js'

/** Records rows of one operation. */
export interface PeerOperation {
  record(
    durationSeconds: number,
    numKeys: number,
    numBytes: number,
    status: string,
    numFailedKeys: number,
  ): void
}

/**
 * An open peer: the engine's side, which records, and the main thread's side if the peer reports.
 */
export interface PeerSession {
  /** The engine's handle of an operation. */
  operation(name: string): PeerOperation
  /**
   * The engine sends its rows or counts. Without this method, rows are counted when they are
   * recorded.
   */
  report?(): void | Promise<void>
  /** The main thread receives everything that was sent and merges it. */
  receive?(): void
  /** The totals, of the main thread's side if there is one. */
  totals(): Promise<Partial<Totals>>
  close?(): void
}

/** One way to count store operations. */
export interface Peer {
  readonly name: string
  readonly title: string
  /** The features of moonmeter's handle that it lacks; empty for none. */
  readonly leavesOut: string
  /** The figures that are compared before it is timed. */
  readonly counts: readonly (keyof Totals)[]
  /** Rows of a timed pass: some 10 ms of work, and several garbage collections if it causes any. */
  readonly rowsPerPass: number
  /** Whether every row is sent, so that sending is part of recording it. */
  readonly sendsRows?: boolean
  open(): Promise<PeerSession>
}

/** All figures. */
export const ALL_FIGURES: readonly (keyof Totals)[] = [
  'rows',
  'durationSeconds',
  'keys',
  'bytes',
  'failedKeys',
  'buckets',
]
/** Rows of an interval of peers that keep or send single rows. */
export const ROWS_PER_REPORT = 10_000
/** Rows of a pass of a peer that takes nanoseconds. */
export const FAST_PASS = 2 ** 20
/** Rows of a pass of a peer that takes tens or hundreds of nanoseconds. */
export const MEDIUM_PASS = 2 ** 17
/** Rows of a pass of a peer that takes microseconds. */
export const SLOW_PASS = 2 ** 14
