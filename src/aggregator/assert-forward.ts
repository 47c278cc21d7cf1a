import type { FoldedSnapshot } from '../stats/series-snapshot.js'
import { rejection } from '../wire/reject.js'

/**
 * Check that stats of a life only grew: every series is still there, in its place, and no count
 * that is exposed of it is less than before.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reason `backwards`
 */
export function assertForward(
  before: readonly FoldedSnapshot[],
  after: readonly FoldedSnapshot[],
): void {
  for (const [index, earlier] of before.entries()) {
    const later = after[index]
    if (later !== undefined && isForward(earlier, later)) continue
    const name = `${earlier.operation} ${earlier.status}`
    throw rejection('backwards', 'no count of a series to be less than reported before', name)
  }
}

function isForward(earlier: FoldedSnapshot, later: FoldedSnapshot): boolean {
  return (
    earlier.operation === later.operation &&
    earlier.status === later.status &&
    earlier.numKeys <= later.numKeys &&
    earlier.numBytes <= later.numBytes &&
    earlier.numFailedKeys <= later.numFailedKeys &&
    earlier.durationSum.compare(later.durationSum) <= 0 &&
    areBucketsForward(earlier.buckets, later.buckets)
  )
}

function areBucketsForward(earlier: Float64Array, later: Float64Array): boolean {
  for (let bucket = 0; bucket < earlier.length; bucket++) {
    if (earlier[bucket] > later[bucket]) return false
  }
  return true
}
