import type { CellLayout } from './cell-layout.js'
import { ExactSum } from './exact-sum.js'
import { addPackedCells, unpackCells } from './packed-cells.js'
import type { Row } from './row.js'
import type { SeriesSnapshot } from './series-snapshot.js'

/** The stats of one series (operation × status): they only grow, and merge in any order. */
export class SeriesStats {
  readonly layout: CellLayout
  /** Rows per slot of the layout. */
  readonly cells: Float64Array
  /** Sum of the durations, in seconds. */
  readonly durationSum = new ExactSum()
  rows = 0
  numKeys = 0
  numBytes = 0
  numFailedKeys = 0

  constructor(layout: CellLayout) {
    this.layout = layout
    this.cells = new Float64Array(layout.slotCount)
  }

  /** Count one row. */
  addRow(row: Row): void {
    this.cells[this.layout.slotOf(row.durationSeconds)]++
    this.durationSum.add(row.durationSeconds)
    this.#addCounts(1, row)
  }

  /** Add the rows of another series of the same layout. */
  addStats(other: SeriesStats): void {
    for (let slot = 0; slot < this.cells.length; slot++) this.cells[slot] += other.cells[slot]
    this.durationSum.addSum(other.durationSum)
    this.#addCounts(other.rows, other)
  }

  /** Add the rows of a snapshot. */
  addSnapshot(snapshot: SeriesSnapshot): void {
    addPackedCells(this.cells, snapshot.cells, this.layout.slots)
    this.durationSum.addSum(snapshot.durationSum)
    this.#addCounts(snapshot.rows, snapshot)
  }

  /** Take away the rows of an earlier snapshot of what was added: what is left came since. */
  subtractSnapshot(earlier: SeriesSnapshot): void {
    const cells = unpackCells(earlier.cells, this.layout)
    for (let slot = 0; slot < cells.length; slot++) {
      // A report that moves rows from cell to cell in a bucket is none of ours, but is accepted.
      this.cells[slot] = Math.max(0, this.cells[slot] - cells[slot])
    }
    this.durationSum.subtractSum(earlier.durationSum)
    this.rows -= earlier.rows
    this.numKeys -= earlier.numKeys
    this.numBytes -= earlier.numBytes
    this.numFailedKeys -= earlier.numFailedKeys
  }

  #addCounts(rows: number, counts: Pick<Row, 'numKeys' | 'numBytes' | 'numFailedKeys'>): void {
    this.rows += rows
    this.numKeys += counts.numKeys
    this.numBytes += counts.numBytes
    this.numFailedKeys += counts.numFailedKeys
  }
}
