import type { CellLayout } from './cell-layout.js'
import { ExactSum } from './exact-sum.js'
import type { SeriesLabels } from './series-labels.js'
import type { SeriesSnapshot } from './series-snapshot.js'
import type { SeriesStats } from './series-stats.js'

/** What an exposition shows of one series: cells folded into the buckets of the bounds. */
export class SeriesReading {
  /** Rows per bucket, not cumulative; the last bucket is `+Inf`. */
  readonly buckets: Float64Array
  /** Sum of the durations, in seconds. */
  readonly durationSum = new ExactSum()
  rows = 0
  numKeys = 0
  numBytes = 0
  numFailedKeys = 0
  readonly #layout: CellLayout

  constructor(layout: CellLayout) {
    this.#layout = layout
    this.buckets = new Float64Array(layout.bounds.length + 1)
  }

  /** Add the rows of a snapshot. */
  addSnapshot(snapshot: SeriesSnapshot): void {
    const { slots, counts } = snapshot
    const { bucketOfSlot } = this.#layout
    for (let index = 0; index < slots.length; index++) {
      this.buckets[bucketOfSlot[slots[index]]] += counts[index]
    }
    this.#addSums(snapshot)
  }

  /** Add the rows of stats. */
  addStats(stats: SeriesStats): void {
    const { bucketOfSlot } = this.#layout
    for (let slot = 0; slot < stats.cells.length; slot++) {
      this.buckets[bucketOfSlot[slot]] += stats.cells[slot]
    }
    this.#addSums(stats)
  }

  #addSums(
    from: Pick<SeriesSnapshot, 'rows' | 'numKeys' | 'numBytes' | 'numFailedKeys' | 'durationSum'>,
  ): void {
    this.durationSum.addSum(from.durationSum)
    this.rows += from.rows
    this.numKeys += from.numKeys
    this.numBytes += from.numBytes
    this.numFailedKeys += from.numFailedKeys
  }
}

/** A series of one engine, as an exposition shows it. */
export interface EngineSeries {
  readonly labels: SeriesLabels
  readonly reading: SeriesReading
}
