import type { Snapshot } from '../snapshot/snapshot.js'

/** The aggregator of a feed. */
export interface LiveSource {
  readonly modelName: string
  /** Bucket upper bounds in seconds, as in the snapshots. */
  readonly bounds: readonly number[]
  /** Whether the aggregator is closed, so that its snapshots no longer change. */
  readonly isClosed: boolean
  /** A snapshot of all engines, taken without blocking the thread. */
  snapshot(): Promise<Snapshot>
}
