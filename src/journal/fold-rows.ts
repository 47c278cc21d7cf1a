import {
  CELL_BASE,
  CELL_COUNT,
  CELL_SHIFT,
  type CellLayout,
  MANTISSA_BITS,
  OCTAVE_COUNT,
} from '../stats/cell-layout.js'
import { RECENT_ROWS, SERIES } from './journal-layout.js'

// V8 looks an imported binding up at every use and folds a constant of the module into the code:
// with the imports used directly, a row took 7 ns instead of 3.
const { rows: ROWS, folding: FOLDING, folded: FOLDED, recent: RECENT, cells: CELLS } = SERIES
const { sumHigh: SUM_HIGH, sumLow: SUM_LOW, sumCarry: SUM_CARRY, rareSum: RARE_SUM } = SERIES
const SHIFT = CELL_SHIFT
const BASE = CELL_BASE
const COUNT = CELL_COUNT
const OCTAVE_BITS = MANTISSA_BITS
const RECENT_MASK = RECENT_ROWS - 1
const EXPONENT_SHIFT = 20
const FRACTION_MASK = 0xfffff
const HIDDEN_BIT = 0x100000
const TWO_32 = 2 ** 32
/** Rows between two settlements of the sum: a low lane takes 2^21 rows before it could round. */
const SETTLE_ROWS = 2 ** 20
/** What one unit of a `sumCarry` lane is worth in units of its `sumHigh` lane. */
export const SUM_CARRY_UNIT = 2 ** 52

/**
 * Count the durations of the rows that are in a series' ring only: into the cells and the sum.
 *
 * A row is counted by one run of stores that ends with `folded` and has no call or loop in it; a
 * thread is only ever stopped at one of those, so a row is counted wholly or not at all.
 *
 * @param floats memory with the series' block at `base`
 * @param words the same memory as int32
 */
export function foldRows(
  floats: Float64Array,
  words: Int32Array,
  base: number,
  layout: CellLayout,
): void {
  const { slotOfCell, boundOfCell } = layout
  const rows = floats[base + ROWS]
  const folded = floats[base + FOLDED]
  floats[base + FOLDING] = rows
  if (Math.floor(rows / SETTLE_ROWS) !== Math.floor(folded / SETTLE_ROWS)) settleSum(floats, base)
  const recent = base + RECENT
  const cells = base + CELLS
  const sumHigh = base + SUM_HIGH
  const sumLow = base + SUM_LOW
  for (let row = folded; row < rows; row++) {
    const at = recent + (row & RECENT_MASK)
    const high = words[2 * at + 1]
    const cell = (high >>> SHIFT) - BASE
    if (cell >>> 0 >= COUNT) {
      foldRareRow(floats, words, base, at, layout.slotOf(floats[at]))
      continue
    }
    // The exact sum: the mantissas of an octave add up as integers, high and low bits apart. With
    // a carry per row it would take twice as long.
    const octave = cell >> OCTAVE_BITS
    floats[sumLow + octave] += words[2 * at] >>> 0
    floats[sumHigh + octave] += (high & FRACTION_MASK) | HIDDEN_BIT
    floats[cells + slotOfCell[cell] + +(floats[at] > boundOfCell[cell])] += 1
    floats[base + FOLDED] = row + 1
  }
}

/** Carry from lane to lane of the sum, so that it stays exact for ever. */
function settleSum(floats: Float64Array, base: number): void {
  for (let octave = 0; octave < OCTAVE_COUNT; octave++) {
    const low = base + SUM_LOW + octave
    const high = base + SUM_HIGH + octave
    const intoHigh = Math.floor(floats[low] / TWO_32)
    const highAfter = floats[high] + intoHigh
    const intoCarry = Math.floor(highAfter / SUM_CARRY_UNIT)
    floats[low] -= intoHigh * TWO_32
    floats[high] = highAfter - intoCarry * SUM_CARRY_UNIT
    floats[base + SUM_CARRY + octave] += intoCarry
  }
}

/** Count zero or a duration outside the octaves; its sum is kept in limbs, as in `ExactSum`. */
function foldRareRow(
  floats: Float64Array,
  words: Int32Array,
  base: number,
  at: number,
  slot: number,
): void {
  const high = words[2 * at + 1]
  const low = words[2 * at] >>> 0
  const exponent = high >>> EXPONENT_SHIFT
  // A subnormal has the exponent of the smallest normal number and no hidden bit.
  const normal = Math.min(exponent, 1)
  const mantissaHigh = (high & FRACTION_MASK) | (normal << EXPONENT_SHIFT)
  const position = exponent - normal
  const shift = position & 31
  const limb = base + RARE_SUM + (position >>> 5)
  const sum0 = floats[limb] + ((low << shift) >>> 0)
  const carry0 = Math.floor(sum0 / TWO_32)
  const middle = ((mantissaHigh << shift) | ((low >>> 1) >>> (31 - shift))) >>> 0
  const sum1 = floats[limb + 1] + middle + carry0
  const carry1 = Math.floor(sum1 / TWO_32)

  floats[limb] = sum0 - carry0 * TWO_32
  floats[limb + 1] = sum1 - carry1 * TWO_32
  floats[limb + 2] += ((mantissaHigh >>> 1) >>> (31 - shift)) + carry1
  floats[base + CELLS + slot] += 1
  floats[base + FOLDED] += 1
}
