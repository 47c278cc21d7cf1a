import type { RejectionReason } from '../errors.js'
import type { ColumnLayout } from '../snapshot/column-layout.js'
import type { SeriesTable } from '../snapshot/series-table.js'
import { rejection } from '../wire/rejection.js'

/**
 * Check that the stats of an incarnation only grew: each series has its place, and no count is less
 * than before. Series are compared by the names that are exposed: past a limit, several are
 * `other`.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD` with the reason
 */
export function assertMonotonic(
  layout: ColumnLayout,
  before: SeriesTable,
  after: SeriesTable,
  reason: RejectionReason = 'backwards',
): void {
  for (const [index, earlier] of before.series.entries()) {
    const later = after.series[index]
    const isMonotonic =
      later !== undefined &&
      before.names[index] === after.names[index] &&
      // This sum is exact; the sum in the columns is rounded.
      earlier.durationSum <= later.durationSum &&
      areColumnsMonotonic(layout, before, after, index)
    if (isMonotonic) continue
    const name = `${earlier.operation} ${earlier.status}`
    throw rejection(reason, 'no count of a series to be less than reported before', name)
  }
}

function areColumnsMonotonic(
  { histogramLength, length }: ColumnLayout,
  before: SeriesTable,
  after: SeriesTable,
  index: number,
): boolean {
  const start = index * histogramLength
  for (let at = start; at < start + histogramLength; at++) {
    if (before.columns[at] > after.columns[at]) return false
  }
  for (let column = histogramLength; column < length; column++) {
    const earlier = before.columns[column * before.series.length + index]
    if (earlier > after.columns[column * after.series.length + index]) return false
  }
  return true
}
