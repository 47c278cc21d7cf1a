import type { CellLayout } from './cell-layout.js'
import { ExactSum } from './exact-sum.js'
import type { SeriesLabels } from './series-labels.js'
import type { FoldedSnapshot } from './series-snapshot.js'
import type { SeriesStats } from './series-stats.js'

/**
 * What an exposition shows of one series: the cells folded into buckets, and sums. A snapshot is
 * one, so a series of one life is shown without adding anything up.
 */
export type SeriesReading = Pick<
  FoldedSnapshot,
  'buckets' | 'rows' | 'numKeys' | 'numBytes' | 'numFailedKeys' | 'durationSum'
>

/** A series of one engine, as an exposition shows it. */
export interface EngineSeries {
  readonly labels: SeriesLabels
  readonly reading: SeriesReading
}

/** Rows per bucket of a layout, not cumulative; the last bucket is `+Inf`. */
export function bucketsOf(layout: CellLayout, cells: Float64Array): Float64Array {
  const buckets = new Float64Array(layout.bounds.length + 1)
  for (let slot = 0; slot < cells.length; slot++) {
    buckets[layout.bucketOfSlot[slot]] += cells[slot]
  }
  return buckets
}

/** What an exposition shows of stats, which may go on changing. */
export function readingOf(stats: SeriesStats): SeriesReading {
  const durationSum = new ExactSum()
  durationSum.addSum(stats.durationSum)
  const { rows, numKeys, numBytes, numFailedKeys } = stats
  const buckets = bucketsOf(stats.layout, stats.cells)
  return { buckets, rows, numKeys, numBytes, numFailedKeys, durationSum }
}

/** Two readings of a series as one, as a new object. */
export function addReadings(left: SeriesReading, right: SeriesReading): SeriesReading {
  const durationSum = new ExactSum()
  durationSum.addSum(left.durationSum)
  durationSum.addSum(right.durationSum)
  return {
    buckets: left.buckets.map((count, bucket) => count + right.buckets[bucket]),
    rows: left.rows + right.rows,
    numKeys: left.numKeys + right.numKeys,
    numBytes: left.numBytes + right.numBytes,
    numFailedKeys: left.numFailedKeys + right.numFailedKeys,
    durationSum,
  }
}
