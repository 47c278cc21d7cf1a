import type { Snapshot } from '../snapshot/snapshot.js'

/** Where a feed gets its snapshots from. */
export interface LiveSource {
  readonly modelName: string
  /** Bucket upper bounds in seconds, as in the snapshots. */
  readonly bounds: readonly number[]
  /** Whether nothing will be counted any more. */
  readonly isClosed: boolean
  /** All engines at this moment, without blocking the thread. */
  snapshot(): Promise<Snapshot>
}
