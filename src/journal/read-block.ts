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
  // Of a fold that was never done, some rows are in the cells, and none of them in the sum.
  const counted = cells.reduce((sum, count) => sum + count, 0)
  const rows = block[SERIES.rows]
  for (let row = block[SERIES.folded]; row < rows; row++) {
    const durationSeconds = block[SERIES.recent + (row % RECENT_ROWS)]
    durationSum.add(durationSeconds)
    if (row >= counted) cells[layout.slotOf(durationSeconds)]++
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
