import { EXTRA_COUNTER_NAMES, ROW_COUNTER_NAMES } from '../catalogue.js'
import { type BinLayout, MANTISSA_BITS, SEGMENT_BASE, SEGMENT_SHIFT } from '../stats/bin-layout.js'
import { DURATION_UNIT_SECONDS } from '../stats/duration-sum.js'
import { EXTRAS, FLOAT64_WORDS, PLAIN, RECENT_ROWS, SERIES } from './journal-layout.js'
import type { SeriesBlock } from './series-block.js'

// V8 looks an imported binding up at every use and folds a constant of the module into the code:
// with the imports used directly, a row took 7 ns instead of 3.
const { rows: ROWS, foldEnd: FOLD_END, recent: RECENT, bins: BINS } = SERIES
const FOLDED_COUNTERS = SERIES.foldedCounters
const COUNTERS = SERIES[ROW_COUNTER_NAMES[0]]
const COUNTERS_LENGTH = ROW_COUNTER_NAMES.length
const LOCK_BEGIN = FLOAT64_WORDS * SERIES.lock
const LOCK_END = LOCK_BEGIN + 1
const { sumHigh: SUM_HIGH, sumLow: SUM_LOW, sumLimbs: SUM_LIMBS } = SERIES
const SHIFT = SEGMENT_SHIFT
const BASE = SEGMENT_BASE
const RECENT_LENGTH = RECENT_ROWS
const RECENT_MASK = RECENT_ROWS - 1
const TWO_32 = 2 ** 32
const TWO_64 = 2 ** 64
const TWO_96 = 2 ** 96
const TWO_128 = 2 ** 128

const ROWS_MAX = PLAIN.rowsMax
const ROUNDER = PLAIN.rounder
/** Number of segments of the plain durations (`PLAIN`): 31 octaves. */
const PLAIN_SEGMENTS = 31 << MANTISSA_BITS
const HIGH_UNIT = 2 ** -44
const LOW_UNIT = DURATION_UNIT_SECONDS
/** Units of limb 1 (2^-50 s) in a unit of the high sum (2^-44 s). */
const HIGH_SHIFT = 2 ** 6
/** The lower 26 bits of the high sum belong to limb 1, the rest to limb 2. */
const HIGH_SPLIT = 2 ** 26

/**
 * Count the rows in a series' ring that no fold has counted into its bins, its exact sum and its
 * folded counters, and publish them.
 *
 * The bins are counted row by row. The sum is written at the end of each run of plain rows and
 * after each rare row, together with `foldEnd`, by consecutive stores: there is no call and no loop
 * end between them, where V8 could stop the thread. So the bins always hold whole rows, and the sum
 * is that of the rows up to `foldEnd`.
 *
 * Readers on other threads depend on the order of the stores, on ARM64 too. An atomic store is
 * performed after all stores before it. Stores after it may be performed before it, but not before
 * the atomic load that follows it. So a reader that sees a store of this fold also sees its number in
 * the first word of the lock, and one that sees its number in the second word sees all of its stores.
 */
export function foldRows({ floats, words, extrasAt }: SeriesBlock, layout: BinLayout): void {
  const folded = floats[FOLD_END]
  const count = floats[ROWS] - folded
  // Only other code can write NaN or more rows than the ring holds; the reader rejects both.
  if (!(count > 0 && count <= RECENT_LENGTH)) return
  const fold = (words[LOCK_END] + 1) | 0
  Atomics.store(words, LOCK_BEGIN, fold)
  Atomics.load(words, LOCK_BEGIN)
  for (let done = 0; done < count; ) {
    settleSum(floats)
    const rows = Math.min(count - done, ROWS_MAX)
    const plain = layout.isDense
      ? foldDenseRows(floats, words, layout, folded + done, rows)
      : foldPlainRows(floats, words, layout, folded + done, rows)
    if (plain === 0) foldRareRow(floats, layout, folded + done)
    done += Math.max(1, plain)
  }
  for (let counter = 0; counter < COUNTERS_LENGTH; counter++) {
    floats[FOLDED_COUNTERS + counter] = floats[COUNTERS + counter]
  }
  if (extrasAt > 0) foldExtras(floats, extrasAt)
  Atomics.store(words, LOCK_END, fold)
}

function foldExtras(floats: Float64Array, extrasAt: number): void {
  for (let counter = 0; counter < EXTRA_COUNTER_NAMES.length; counter++) {
    const at = extrasAt + counter
    floats[at + EXTRAS.foldedCounters] = floats[at + EXTRAS.counters]
  }
}

/**
 * Count rows up to the first whose duration is not plain, in a layout that splits each segment at
 * most once.
 *
 * @param first number of the first row
 * @param count number of rows to count
 * @returns number of rows counted
 */
function foldPlainRows(
  floats: Float64Array,
  words: Int32Array,
  { binOfSegment, boundOfSegment }: BinLayout,
  first: number,
  count: number,
): number {
  const start = first & RECENT_MASK
  let sumHigh = floats[SUM_HIGH]
  let sumLow = floats[SUM_LOW]
  let done = 0
  // Four rows per iteration: compiled code checks four arrays in each iteration, which takes longer
  // than one row. Bins use `++`: V8 adds `+= 1` as an integer (see COUNTER_UNIT), and on Node 26
  // the fold then took 6 ns per row instead of 2.5.
  for (; done + 4 <= count; done += 4) {
    const at0 = RECENT + ((start + done) & RECENT_MASK)
    const at1 = RECENT + ((start + done + 1) & RECENT_MASK)
    const at2 = RECENT + ((start + done + 2) & RECENT_MASK)
    const at3 = RECENT + ((start + done + 3) & RECENT_MASK)
    const segment0 = (words[2 * at0 + 1] >>> SHIFT) - BASE
    const segment1 = (words[2 * at1 + 1] >>> SHIFT) - BASE
    const segment2 = (words[2 * at2 + 1] >>> SHIFT) - BASE
    const segment3 = (words[2 * at3 + 1] >>> SHIFT) - BASE
    if (
      segment0 >>> 0 >= PLAIN_SEGMENTS ||
      segment1 >>> 0 >= PLAIN_SEGMENTS ||
      segment2 >>> 0 >= PLAIN_SEGMENTS ||
      segment3 >>> 0 >= PLAIN_SEGMENTS
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
    floats[BINS + binOfSegment[segment0] + +(duration0 > boundOfSegment[segment0])]++
    floats[BINS + binOfSegment[segment1] + +(duration1 > boundOfSegment[segment1])]++
    floats[BINS + binOfSegment[segment2] + +(duration2 > boundOfSegment[segment2])]++
    floats[BINS + binOfSegment[segment3] + +(duration3 > boundOfSegment[segment3])]++
  }
  for (; done < count; done++) {
    const at = RECENT + ((start + done) & RECENT_MASK)
    const segment = (words[2 * at + 1] >>> SHIFT) - BASE
    if (segment >>> 0 >= PLAIN_SEGMENTS) break
    const duration = floats[at]
    const high = duration + ROUNDER - ROUNDER
    sumHigh += high
    sumLow += duration - high
    floats[BINS + binOfSegment[segment] + +(duration > boundOfSegment[segment])]++
  }
  floats[SUM_HIGH] = sumHigh
  floats[SUM_LOW] = sumLow
  floats[FOLD_END] = first + done
  return done
}

/**
 * As `foldPlainRows`, for layouts that split a segment more than once: it searches for the bin of
 * each row, which takes several times as long.
 */
function foldDenseRows(
  floats: Float64Array,
  words: Int32Array,
  layout: BinLayout,
  first: number,
  count: number,
): number {
  let sumHigh = floats[SUM_HIGH]
  let sumLow = floats[SUM_LOW]
  let done = 0
  for (; done < count; done++) {
    const at = RECENT + ((first + done) & RECENT_MASK)
    const segment = (words[2 * at + 1] >>> SHIFT) - BASE
    if (segment >>> 0 >= PLAIN_SEGMENTS) break
    const duration = floats[at]
    const high = duration + ROUNDER - ROUNDER
    sumHigh += high
    sumLow += duration - high
    floats[BINS + layout.binInSegment(segment, duration)]++
  }
  floats[SUM_HIGH] = sumHigh
  floats[SUM_LOW] = sumLow
  floats[FOLD_END] = first + done
  return done
}

/**
 * Move the sum of the last fold into the limbs. Limbs 0 to 2 stay below 2^32; limb 3 takes the
 * carries, of which it holds 2^53. There is no call after the first limb is written.
 */
function settleSum(floats: Float64Array): void {
  const high = floats[SUM_HIGH] / HIGH_UNIT
  const low = floats[SUM_LOW] / LOW_UNIT
  // The low sum may be negative. Its lower half is made non-negative by a borrow from the upper
  // half.
  const lowAbove = Math.floor(low / TWO_32)
  const highAbove = Math.floor(high / HIGH_SPLIT)
  const sum0 = floats[SUM_LIMBS] + (low - lowAbove * TWO_32)
  const carry0 = Math.floor(sum0 / TWO_32)
  const sum1 =
    floats[SUM_LIMBS + 1] + (high - highAbove * HIGH_SPLIT) * HIGH_SHIFT + lowAbove + carry0
  const carry1 = Math.floor(sum1 / TWO_32)
  const sum2 = floats[SUM_LIMBS + 2] + highAbove + carry1
  const carry2 = Math.floor(sum2 / TWO_32)
  floats[SUM_LIMBS] = sum0 - carry0 * TWO_32
  floats[SUM_LIMBS + 1] = sum1 - carry1 * TWO_32
  floats[SUM_LIMBS + 2] = sum2 - carry2 * TWO_32
  floats[SUM_LIMBS + 3] += carry2
  floats[SUM_HIGH] = 0
  floats[SUM_LOW] = 0
}

/**
 * Count a duration that is not plain: at least 2 s, or below 2^-30 s. It is added to the limbs
 * directly, as an integer of up to 146 bits. A float64 holds it exactly, so every difference and
 * quotient here is exact.
 */
function foldRareRow(floats: Float64Array, layout: BinLayout, row: number): void {
  const durationSeconds = floats[RECENT + (row & RECENT_MASK)]
  const bin = layout.binOf(durationSeconds)
  const units = Math.round(durationSeconds / LOW_UNIT)
  const above3 = Math.floor(units / TWO_128)
  const below3 = units - above3 * TWO_128
  const above2 = Math.floor(below3 / TWO_96)
  const below2 = below3 - above2 * TWO_96
  const above1 = Math.floor(below2 / TWO_64)
  const below1 = below2 - above1 * TWO_64
  const above0 = Math.floor(below1 / TWO_32)
  const sum0 = floats[SUM_LIMBS] + (below1 - above0 * TWO_32)
  const carry0 = Math.floor(sum0 / TWO_32)
  const sum1 = floats[SUM_LIMBS + 1] + above0 + carry0
  const carry1 = Math.floor(sum1 / TWO_32)
  const sum2 = floats[SUM_LIMBS + 2] + above1 + carry1
  const carry2 = Math.floor(sum2 / TWO_32)
  const sum3 = floats[SUM_LIMBS + 3] + above2 + carry2
  const carry3 = Math.floor(sum3 / TWO_32)
  const sum4 = floats[SUM_LIMBS + 4] + above3 + carry3
  const carry4 = Math.floor(sum4 / TWO_32)

  floats[SUM_LIMBS] = sum0 - carry0 * TWO_32
  floats[SUM_LIMBS + 1] = sum1 - carry1 * TWO_32
  floats[SUM_LIMBS + 2] = sum2 - carry2 * TWO_32
  floats[SUM_LIMBS + 3] = sum3 - carry3 * TWO_32
  floats[SUM_LIMBS + 4] = sum4 - carry4 * TWO_32
  floats[SUM_LIMBS + 5] += carry4
  floats[BINS + bin]++
  floats[FOLD_END] = row + 1
}
