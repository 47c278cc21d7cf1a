import type { CellLayout } from '../stats/cell-layout.js'
import { ExactSum, LIMB_COUNT } from '../stats/exact-sum.js'
import { packCells } from '../stats/packed-cells.js'
import type { SeriesSnapshot } from '../stats/series-snapshot.js'
import { RECENT_ROWS, SERIES } from './journal-layout.js'

const LIMB_BITS = 32
const TWO_32 = 2 ** LIMB_BITS

/**
 * The stats of a series from a copy of its block, to which the rows are added that are in its ring
 * only. They are few, and counted in the plain way: the loop of the hot path stays with recorders.
 */
export function readBlock(
  block: Float64Array,
  layout: CellLayout,
): Omit<SeriesSnapshot, 'operation' | 'status'> {
  const cells = block.subarray(SERIES.cells)
  const durationSum = readDurationSum(block)
  // The rows that the cells hold, and not `folded`: a recorder that stands still in the middle of a
  // row may have counted it and not yet said so.
  let rows = cells.reduce((sum, count) => sum + count, 0)
  for (; rows < block[SERIES.rows]; rows++) {
    const durationSeconds = block[SERIES.recent + (rows % RECENT_ROWS)]
    cells[layout.slotOf(durationSeconds)]++
    durationSum.add(durationSeconds)
  }
  return {
    numKeys: block[SERIES.keys],
    numBytes: block[SERIES.bytes],
    numFailedKeys: block[SERIES.failedKeys],
    durationSum,
    cells: packCells(cells),
    rows,
  }
}

function readDurationSum(block: Float64Array): ExactSum {
  const sum = new ExactSum()
  for (let limb = 0; limb < LIMB_COUNT; limb++) {
    const value = block[SERIES.wideSum + limb]
    if (value !== 0) sum.addBits(Math.floor(value / TWO_32), value % TWO_32, limb * LIMB_BITS)
  }
  sum.add(block[SERIES.sumHigh])
  const low = block[SERIES.sumLow]
  if (low >= 0) sum.add(low)
  else {
    const taken = new ExactSum()
    taken.add(-low)
    sum.subtractSum(taken)
  }
  return sum
}
