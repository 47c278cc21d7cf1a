import { type CellLayout, OCTAVE_BIASED_MIN, OCTAVE_COUNT } from '../stats/cell-layout.js'
import { ExactSum, LIMB_COUNT } from '../stats/exact-sum.js'
import { bucketsOf } from '../stats/series-reading.js'
import type { FoldedSnapshot } from '../stats/series-snapshot.js'
import { foldRows, SUM_CARRY_UNIT } from './fold-rows.js'
import { SERIES } from './journal-layout.js'

const TWO_32 = 2 ** 32
/** Where the lanes stand in a sum, in bits above the lowest mantissa bit of their octave. */
const HIGH_BITS = 32
const CARRY_BITS = HIGH_BITS + Math.log2(SUM_CARRY_UNIT)

/** The stats of a series from a private copy of its block, whose last rows are folded here. */
export function readBlock(
  block: Float64Array<ArrayBuffer>,
  layout: CellLayout,
): Omit<FoldedSnapshot, 'operation' | 'status'> {
  foldRows(block, new Int32Array(block.buffer), 0, layout)
  const cells = block.subarray(SERIES.cells)
  let used = 0
  for (let slot = 0; slot < cells.length; slot++) used += +(cells[slot] !== 0)
  const slots = new Uint16Array(used)
  const counts = new Float64Array(used)
  let rows = 0
  used = 0
  for (let slot = 0; slot < cells.length; slot++) {
    if (cells[slot] === 0) continue
    slots[used] = slot
    counts[used++] = cells[slot]
    rows += cells[slot]
  }
  return {
    numKeys: block[SERIES.keys],
    numBytes: block[SERIES.bytes],
    numFailedKeys: block[SERIES.failedKeys],
    durationSum: readDurationSum(block),
    slots,
    counts,
    rows,
    buckets: bucketsOf(layout, cells),
  }
}

function readDurationSum(block: Float64Array): ExactSum {
  const sum = new ExactSum()
  for (let octave = 0; octave < OCTAVE_COUNT; octave++) {
    // The lowest mantissa bit of this octave, counted from 2^-1074.
    const position = OCTAVE_BIASED_MIN + octave - 1
    addInteger(sum, block[SERIES.sumLow + octave], position)
    addInteger(sum, block[SERIES.sumHigh + octave], position + HIGH_BITS)
    addInteger(sum, block[SERIES.sumCarry + octave], position + CARRY_BITS)
  }
  for (let limb = 0; limb < LIMB_COUNT; limb++) {
    addInteger(sum, block[SERIES.rareSum + limb], limb * 32)
  }
  return sum
}

/** Add an integer below 2^53 times 2^(position - 1074). */
function addInteger(sum: ExactSum, integer: number, position: number): void {
  if (integer !== 0) sum.addBits(Math.floor(integer / TWO_32), integer % TWO_32, position)
}
