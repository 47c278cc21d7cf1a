import { CELL_BASE, CELL_SHIFT, type CellLayout, MANTISSA_BITS } from '../stats/cell-layout.js'
import { RECENT_ROWS, SERIES } from './journal-layout.js'

// V8 looks an imported binding up at every use and folds a constant of the module into the code:
// with the imports used directly, a row took 7 ns instead of 3.
const { rows: ROWS, folding: FOLDING, folded: FOLDED, recent: RECENT, cells: CELLS } = SERIES
const { sumHigh: SUM_HIGH, sumLow: SUM_LOW, wideSum: WIDE_SUM } = SERIES
const SHIFT = CELL_SHIFT
const BASE = CELL_BASE
const RECENT_MASK = RECENT_ROWS - 1
const EXPONENT_SHIFT = 20
const FRACTION_MASK = 0xfffff
const TWO_32 = 2 ** 32

/**
 * Cells of durations from 2^-30 s to under 2 s, whose sum is kept in two float64: multiples of
 * 2^-44 s, and what is left of each duration, multiples of 2^-82 s. Over the at most 256 rows of a
 * fold neither ever rounds: 256 · 2 · 2^44 is 2^53, and 256 · 2^-45 / 2^-82 is 2^45.
 */
const PLAIN_CELLS = 31 << MANTISSA_BITS
/** Adding and subtracting it leaves the nearest multiple of 2^-44. */
const ROUNDER = 1.5 * 2 ** 8
const HIGH_UNIT = 2 ** -44
const LOW_UNIT = 2 ** -82
/** The limb of the wide sum at whose start stands 2^-82; 2^-44 stands 6 bits into the next. */
const LOW_LIMB = 31
const HIGH_SHIFT = 2 ** 6
/** The high sum's bits that go into that limb. */
const HIGH_SPLIT = 2 ** 26

/**
 * Count the durations of the rows that are in a series' ring only, at most 256: into the cells and
 * the exact sum.
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
  const rows = floats[base + ROWS]
  const folded = floats[base + FOLDED]
  if (folded === rows) return
  floats[base + FOLDING] = rows
  settleSum(floats, base)
  const { slotOfCell, boundOfCell } = layout
  const recent = base + RECENT
  const cells = base + CELLS
  let sumHigh = 0
  let sumLow = 0
  for (let row = folded; row < rows; row++) {
    const at = recent + (row & RECENT_MASK)
    const cell = (words[2 * at + 1] >>> SHIFT) - BASE
    if (cell >>> 0 >= PLAIN_CELLS) {
      foldRareRow(floats, words, base, at, layout.slotOf(floats[at]))
      continue
    }
    const duration = floats[at]
    const rounded = duration + ROUNDER - ROUNDER
    sumHigh += rounded
    sumLow += duration - rounded
    floats[base + SUM_HIGH] = sumHigh
    floats[base + SUM_LOW] = sumLow
    floats[cells + slotOfCell[cell] + +(duration > boundOfCell[cell])] += 1
    floats[base + FOLDED] = row + 1
  }
}

/**
 * Move the sum of the last fold into the wide sum, whose limbs then hold 32 bits each, but for the
 * highest of these, which takes 2^53 carries. Nothing is called once the first limb is written.
 */
function settleSum(floats: Float64Array, base: number): void {
  const limb = base + WIDE_SUM + LOW_LIMB
  const high = floats[base + SUM_HIGH] / HIGH_UNIT
  const low = floats[base + SUM_LOW] / LOW_UNIT
  // The low sum may be negative; its lower half is not, and borrows from the higher.
  const lowAbove = Math.floor(low / TWO_32)
  const highAbove = Math.floor(high / HIGH_SPLIT)
  const sum0 = floats[limb] + (low - lowAbove * TWO_32)
  const carry0 = Math.floor(sum0 / TWO_32)
  const sum1 = floats[limb + 1] + (high - highAbove * HIGH_SPLIT) * HIGH_SHIFT + lowAbove + carry0
  const carry1 = Math.floor(sum1 / TWO_32)
  const sum2 = floats[limb + 2] + highAbove + carry1
  const carry2 = Math.floor(sum2 / TWO_32)
  floats[limb] = sum0 - carry0 * TWO_32
  floats[limb + 1] = sum1 - carry1 * TWO_32
  floats[limb + 2] = sum2 - carry2 * TWO_32
  floats[limb + 3] += carry2
  floats[base + SUM_HIGH] = 0
  floats[base + SUM_LOW] = 0
}

/** Count zero, or a duration whose sum needs more bits: it goes into the wide sum at once. */
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
  const limb = base + WIDE_SUM + (position >>> 5)
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
