import { engineFinding, engineRank } from '../../live/findings.js'
import type { EngineRow, LiveView } from '../../live/live-view.js'
import { FORMATS } from './finding-formats.js'

/** The sort key of each column of engines; numbers are descending. */
const VALUES = {
  engine: undefined,
  rate: ({ operationsPerSecond }: EngineRow) => operationsPerSecond,
  p50: ({ p50 }: EngineRow) => p50,
  p90: ({ p90 }: EngineRow) => p90,
  p99: ({ p99 }: EngineRow) => p99,
  ratio: ({ p99Ratio }: EngineRow) => p99Ratio,
  failed: ({ failedKeyRatio }: EngineRow) => failedKeyRatio,
  // The engine that has been silent for longest first.
  report: ({ state }: EngineRow) =>
    state?.lastReportMs === null || state === undefined ? undefined : -state.lastReportMs,
  restarts: ({ state }: EngineRow) => state?.restarts,
} as const satisfies Readonly<Record<string, ((row: EngineRow) => number | undefined) | undefined>>

/** A column that engines can be sorted by. */
export type SortName = keyof typeof VALUES

/** The sortable columns, in the order of the table. */
export const SORT_NAMES = Object.keys(VALUES) as readonly SortName[]

/**
 * Engines in the order of a column; those that need attention come first, and those that ended or
 * were dropped last.
 */
export function sortEngines(
  { engines, timestampMs }: Pick<LiveView, 'engines' | 'timestampMs'>,
  { sort, isReversed }: { readonly sort: SortName; readonly isReversed: boolean },
): EngineRow[] {
  const figureOf = VALUES[sort]
  // For `engine`, the rows already have the order of the aggregator.
  const sorted = figureOf === undefined ? [...engines] : engines.toSorted(byValue(figureOf))
  if (isReversed) sorted.reverse()
  const ranks = new Map(
    engines.map((row) => [row, engineRank(row, engineFinding(row, timestampMs, FORMATS))]),
  )
  return sorted.sort((left, right) => (ranks.get(left) ?? 0) - (ranks.get(right) ?? 0))
}

/** Descending; rows without a value are last. */
function byValue(figureOf: (row: EngineRow) => number | undefined) {
  return (left: EngineRow, right: EngineRow) => {
    const [first, second] = [figureOf(left), figureOf(right)]
    if (first === undefined || second === undefined) {
      return Number(first === undefined) - Number(second === undefined)
    }
    return second - first
  }
}
