import type { FigureLayout } from '../stats/figure-layout.js'
import type { SeriesSnapshot } from '../stats/series-snapshot.js'
import { rejection } from '../wire/reject.js'

/** The stats of a life at one moment, and what an exposition shows of them. */
export interface LifeState {
  readonly series: readonly SeriesSnapshot[]
  readonly figures: Float64Array
}

/**
 * Check that stats of a life only grew: every series is still there, in its place, and no figure
 * that is exposed of it is less than before.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reason `backwards`
 */
export function assertForward(layout: FigureLayout, before: LifeState, after: LifeState): void {
  for (const [index, earlier] of before.series.entries()) {
    const later = after.series[index]
    const isForward =
      later !== undefined &&
      earlier.operation === later.operation &&
      earlier.status === later.status &&
      // The sum among the figures is rounded.
      earlier.durationSum.compare(later.durationSum) <= 0 &&
      areFiguresForward(layout, before.figures, after.figures, index)
    if (isForward) continue
    const name = `${earlier.operation} ${earlier.status}`
    throw rejection('backwards', 'no count of a series to be less than reported before', name)
  }
}

function areFiguresForward(
  layout: FigureLayout,
  earlier: Float64Array,
  later: Float64Array,
  index: number,
): boolean {
  for (let figure = 0; figure < layout.length; figure++) {
    const before = earlier[layout.at(earlier, index, figure)]
    if (before > later[layout.at(later, index, figure)]) return false
  }
  return true
}
