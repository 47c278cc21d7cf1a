import type { Snapshot } from '../snapshot/snapshot.js'

/** Where a feed gets its snapshots from. */
export interface LiveSource {
  readonly modelName: string
  /** Bucket upper bounds in seconds, as in the snapshots. */
  readonly bounds: readonly number[]
  /** Whether the aggregator is closed: its snapshots change no more. */
  readonly isClosed: boolean
  /** All engines at this moment, without blocking the thread. */
  snapshot(): Promise<Snapshot>
}
