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

/** A peer at work: an engine's side that records, and where it reports, a main thread's side. */
export interface PeerSession {
  /** The engine's handle of an operation. */
  operation(name: string): PeerOperation
  /** The engine sends what it has; where this is missing, rows count as they are recorded. */
  report?(): void | Promise<void>
  /** The main thread takes everything that was sent and merges it. */
  receive?(): void
  /** What was counted, on the main thread's side where there is one. */
  totals(): Promise<Partial<Totals>>
  close?(): void
}

/** One way to count store operations. */
export interface Peer {
  readonly name: string
  readonly title: string
  /** What it does not do that moonmeter's handle does; empty for nothing. */
  readonly leavesOut: string
  /** The figures that must come out right before it is timed. */
  readonly counts: readonly (keyof Totals)[]
  /** Rows of a timed pass: some 10 ms of work, and more than one garbage collection where any. */
  readonly rowsPerPass: number
  /** Whether every row is sent, so that sending is part of recording it. */
  readonly sendsRows?: boolean
  open(): Promise<PeerSession>
}

/** All the figures there are. */
export const ALL_FIGURES: readonly (keyof Totals)[] = [
  'rows',
  'durationSeconds',
  'keys',
  'bytes',
  'failedKeys',
  'buckets',
]
/** Rows of an interval where rows are kept or sent one by one. */
export const ROWS_PER_REPORT = 10_000
/** Passes of peers that take nanoseconds, tens of them, and microseconds. */
export const FAST_PASS = 2 ** 20
/** Rows of a pass of a peer that takes tens or hundreds of nanoseconds. */
export const MEDIUM_PASS = 2 ** 17
/** Rows of a pass of a peer that takes microseconds. */
export const SLOW_PASS = 2 ** 14
