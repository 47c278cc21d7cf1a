import { CELL_BASE, CELL_SHIFT, type CellLayout, MANTISSA_BITS } from '../stats/cell-layout.js'
import { RECENT_ROWS, SERIES } from './journal-layout.js'
import type { SeriesBlock } from './series-block.js'

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
 * 2^-44 s, and what is left of each duration, multiples of 2^-82 s. Over as many rows as are added up
 * at once neither ever rounds: 256 · 2 · 2^44 is 2^53, and 256 · 2^-45 / 2^-82 is 2^45.
 */
const PLAIN_CELLS = 31 << MANTISSA_BITS
const PLAIN_ROWS_MAX = 256
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
 * Count the durations of the rows that are in a series' ring only into the cells and the exact sum.
 *
 * Cells are counted row by row; what the rows add to the sum is written at the end of each run of
 * plain rows and with each rare one, together with `folded`, by stores without a call or a loop
 * between them. A thread is only ever stopped at one of those. So the cells always hold whole rows,
 * and the sum is that of the rows up to `folded`.
 */
export function foldRows({ floats, words }: SeriesBlock, layout: CellLayout): void {
  const folded = floats[FOLDED]
  const count = floats[ROWS] - folded
  if (count === 0) return
  floats[FOLDING] = folded + count
  for (let done = 0; done < count; ) {
    settleSum(floats)
    const rows = Math.min(count - done, PLAIN_ROWS_MAX)
    const plain = foldPlainRows(floats, words, layout, folded + done, rows)
    if (plain === 0) foldRareRow(floats, words, layout, folded + done)
    done += Math.max(1, plain)
  }
}

/**
 * Count rows up to the first whose duration is not of the plain cells.
 *
 * @param first the row to begin with
 * @param count rows there are
 * @returns number of rows counted
 */
function foldPlainRows(
  floats: Float64Array,
  words: Int32Array,
  { slotOfCell, boundOfCell }: CellLayout,
  first: number,
  count: number,
): number {
  const start = first & RECENT_MASK
  let sumHigh = floats[SUM_HIGH]
  let sumLow = floats[SUM_LOW]
  let done = 0
  // Four rows a turn: compiled code checks four arrays each turn, which takes longer than a row.
  for (; done + 4 <= count; done += 4) {
    const at0 = RECENT + ((start + done) & RECENT_MASK)
    const at1 = RECENT + ((start + done + 1) & RECENT_MASK)
    const at2 = RECENT + ((start + done + 2) & RECENT_MASK)
    const at3 = RECENT + ((start + done + 3) & RECENT_MASK)
    const cell0 = (words[2 * at0 + 1] >>> SHIFT) - BASE
    const cell1 = (words[2 * at1 + 1] >>> SHIFT) - BASE
    const cell2 = (words[2 * at2 + 1] >>> SHIFT) - BASE
    const cell3 = (words[2 * at3 + 1] >>> SHIFT) - BASE
    if (
      cell0 >>> 0 >= PLAIN_CELLS ||
      cell1 >>> 0 >= PLAIN_CELLS ||
      cell2 >>> 0 >= PLAIN_CELLS ||
      cell3 >>> 0 >= PLAIN_CELLS
    ) {
      break
    }
    const duration0 = floats[at0]
    const duration1 = floats[at1]
    const duration2 = floats[at2]
    const duration3 = floats[at3]
    const high0 = duration0 + ROUNDER - ROUNDER
    const high1 = duration1 + ROUNDER - ROUNDER
    const high2 = duration2 + ROUNDER - ROUNDER
    const high3 = duration3 + ROUNDER - ROUNDER
    sumHigh += high0 + high1 + (high2 + high3)
    sumLow += duration0 - high0 + (duration1 - high1) + (duration2 - high2 + (duration3 - high3))
    floats[CELLS + slotOfCell[cell0] + +(duration0 > boundOfCell[cell0])] += 1
    floats[CELLS + slotOfCell[cell1] + +(duration1 > boundOfCell[cell1])] += 1
    floats[CELLS + slotOfCell[cell2] + +(duration2 > boundOfCell[cell2])] += 1
    floats[CELLS + slotOfCell[cell3] + +(duration3 > boundOfCell[cell3])] += 1
  }
  for (; done < count; done++) {
    const at = RECENT + ((start + done) & RECENT_MASK)
    const cell = (words[2 * at + 1] >>> SHIFT) - BASE
    if (cell >>> 0 >= PLAIN_CELLS) break
    const duration = floats[at]
    const high = duration + ROUNDER - ROUNDER
    sumHigh += high
    sumLow += duration - high
    floats[CELLS + slotOfCell[cell] + +(duration > boundOfCell[cell])] += 1
  }
  floats[SUM_HIGH] = sumHigh
  floats[SUM_LOW] = sumLow
  floats[FOLDED] = first + done
  return done
}

/**
 * Move the sum of the last fold into the wide sum, whose limbs then hold 32 bits each, but for the
 * highest of these, which takes 2^53 carries. Nothing is called once the first limb is written.
 */
function settleSum(floats: Float64Array): void {
  const limb = WIDE_SUM + LOW_LIMB
  const high = floats[SUM_HIGH] / HIGH_UNIT
  const low = floats[SUM_LOW] / LOW_UNIT
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
  floats[SUM_HIGH] = 0
  floats[SUM_LOW] = 0
}

/** Count zero, or a duration whose sum needs more bits: it goes into the wide sum at once. */
function foldRareRow(
  floats: Float64Array,
  words: Int32Array,
  layout: CellLayout,
  row: number,
): void {
  const at = RECENT + (row & RECENT_MASK)
  const slot = layout.slotOf(floats[at])
  const high = words[2 * at + 1]
  const low = words[2 * at] >>> 0
  const exponent = high >>> EXPONENT_SHIFT
  // A subnormal has the exponent of the smallest normal number and no hidden bit.
  const normal = Math.min(exponent, 1)
  const mantissaHigh = (high & FRACTION_MASK) | (normal << EXPONENT_SHIFT)
  const position = exponent - normal
  const shift = position & 31
  const limb = WIDE_SUM + (position >>> 5)
  const sum0 = floats[limb] + ((low << shift) >>> 0)
  const carry0 = Math.floor(sum0 / TWO_32)
  const middle = ((mantissaHigh << shift) | ((low >>> 1) >>> (31 - shift))) >>> 0
  const sum1 = floats[limb + 1] + middle + carry0
  const carry1 = Math.floor(sum1 / TWO_32)

  floats[limb] = sum0 - carry0 * TWO_32
  floats[limb + 1] = sum1 - carry1 * TWO_32
  floats[limb + 2] += ((mantissaHigh >>> 1) >>> (31 - shift)) + carry1
  floats[CELLS + slot] += 1
  floats[FOLDED] = row + 1
}
