import { SLOTS_MAX } from '../../src/stats/cell-layout.js'
import type { ConnectorStats } from '../../src/stats/connector-stats.js'
import type { ExactSum } from '../../src/stats/exact-sum.js'
import { addPackedCells } from '../../src/stats/packed-cells.js'
import type { SeriesSnapshot } from '../../src/stats/series-snapshot.js'
import type { SeriesStats } from '../../src/stats/series-stats.js'

const ALL_SLOTS = Uint16Array.from({ length: SLOTS_MAX }, (_, slot) => slot)

/** Everything a series holds, in a form that compares. */
export interface SeriesContents {
  readonly rows: number
  readonly numKeys: number
  readonly numBytes: number
  readonly numFailedKeys: number
  /** The exact sum of the durations, in units of 2^-1074. */
  readonly sumUnits: bigint
  /** Slots that are not zero with their counts. */
  readonly cells: readonly (readonly [number, number])[]
}

/** The exact value of a sum, in units of 2^-1074. */
export function unitsOfSum(sum: ExactSum): bigint {
  const limbs = [...sum.limbs()]
  const first = BigInt(sum.firstLimb)
  return limbs.reduce(
    (units, limb, index) => units + (BigInt(limb) << (32n * (first + BigInt(index)))),
    0n,
  )
}

/** What the series of stats hold. */
export function seriesContents(stats: SeriesStats): SeriesContents {
  const cells = [...stats.cells.entries()].filter(([, count]) => count !== 0)
  return counted(stats, cells)
}

/** What a snapshot holds. */
export function snapshotContents(snapshot: SeriesSnapshot): SeriesContents {
  const counts = new Float64Array(SLOTS_MAX)
  addPackedCells(counts, snapshot.cells, ALL_SLOTS)
  const cells = [...counts.entries()].filter(([, count]) => count !== 0)
  return counted(snapshot, cells)
}

/** What stats hold, by operation and status. */
export function contentsOf(stats: ConnectorStats): Map<string, SeriesContents> {
  const all = [...stats.series()].map(
    ({ operation, status, stats: series }) =>
      [JSON.stringify([operation, status]), seriesContents(series)] as const,
  )
  return new Map(all.sort(([left], [right]) => (left < right ? -1 : 1)))
}

/** What snapshots hold, by operation and status. */
export function contentsOfSnapshots(
  snapshots: readonly SeriesSnapshot[],
): Map<string, SeriesContents> {
  const all = snapshots.map(
    (series) =>
      [JSON.stringify([series.operation, series.status]), snapshotContents(series)] as const,
  )
  return new Map(all.sort(([left], [right]) => (left < right ? -1 : 1)))
}

function counted(
  from: SeriesStats | SeriesSnapshot,
  cells: SeriesContents['cells'],
): SeriesContents {
  const { rows, numKeys, numBytes, numFailedKeys, durationSum } = from
  return { rows, numKeys, numBytes, numFailedKeys, sumUnits: unitsOfSum(durationSum), cells }
}
