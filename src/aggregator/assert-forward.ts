import type { SeriesSnapshot } from '../stats/series-snapshot.js'
import { rejection } from '../wire/reject.js'

/**
 * Check that stats of a life only grew: every series is still there, in its place, and no count of
 * it is less than before.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reason `backwards`
 */
export function assertForward(
  before: readonly SeriesSnapshot[],
  after: readonly SeriesSnapshot[],
): void {
  for (const [index, earlier] of before.entries()) {
    const later = after[index]
    if (later !== undefined && isForward(earlier, later)) continue
    const name = `${earlier.operation} ${earlier.status}`
    throw rejection('backwards', 'no count of a series to be less than reported before', name)
  }
}

function isForward(earlier: SeriesSnapshot, later: SeriesSnapshot): boolean {
  return (
    earlier.operation === later.operation &&
    earlier.status === later.status &&
    earlier.numKeys <= later.numKeys &&
    earlier.numBytes <= later.numBytes &&
    earlier.numFailedKeys <= later.numFailedKeys &&
    earlier.durationSum.compare(later.durationSum) <= 0 &&
    areCellsForward(earlier, later)
  )
}

/** Slots ascend on both sides, so one pass over the later ones finds all the earlier ones. */
function areCellsForward(earlier: SeriesSnapshot, later: SeriesSnapshot): boolean {
  let at = 0
  for (let index = 0; index < earlier.slots.length; index++) {
    while (at < later.slots.length && later.slots[at] < earlier.slots[index]) at++
    if (later.slots[at] !== earlier.slots[index]) return false
    if (later.counts[at] < earlier.counts[index]) return false
  }
  return true
}
