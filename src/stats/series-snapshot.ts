import type { ExactSum } from './exact-sum.js'
import type { PackedCells } from './packed-cells.js'

/** The stats of one series (operation × status) at one moment, small enough to send. */
export interface SeriesSnapshot {
  readonly operation: string
  readonly status: string
  readonly numKeys: number
  readonly numBytes: number
  readonly numFailedKeys: number
  /** Sum of the durations, in seconds. */
  readonly durationSum: ExactSum
  /** Rows per slot of a `CellLayout`. */
  readonly cells: PackedCells
  /** Sum of them. */
  readonly rows: number
}

/** Number of rows over all the series. */
export function countRows(series: Iterable<SeriesSnapshot>): number {
  let rows = 0
  for (const { rows: more } of series) rows += more
  return rows
}
