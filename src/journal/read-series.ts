import { ROW_COUNTER_NAMES } from '../catalogue.js'
import type { BinLayout } from '../stats/bin-layout.js'
import { type DurationSum, durationSumOf } from '../stats/duration-sum.js'
import { packBins } from '../stats/packed-bins.js'
import { newSeries, type PackedSeries, type SeriesName } from '../stats/packed-series.js'
import { LIMB_BITS, PLAIN, RECENT_ROWS, SERIES, SUM_LIMBS } from './journal-layout.js'

const BITS_PER_LIMB = BigInt(LIMB_BITS)
const RECENT = SERIES.recent
const RECENT_MASK = RECENT_ROWS - 1
const {
  secondsMin: PLAIN_MIN,
  secondsEnd: PLAIN_END,
  rowsMax: PLAIN_ROWS,
  rounder: ROUNDER,
} = PLAIN

/**
 * The stats of a series from a copy of its block. The rows that are only in the ring are counted
 * here, into the copy; they are few.
 */
export function readSeries(block: Float64Array, layout: BinLayout, name: SeriesName): PackedSeries {
  const bins = block.subarray(SERIES.bins, SERIES.bins + layout.binCount)
  const rows = block[SERIES.rows]
  const foldEnd = block[SERIES.foldEnd]
  // Of a fold that never ended, some rows are in the bins, and none of them in the sum.
  const inBins = block[SERIES.foldBegin] === foldEnd ? foldEnd : sumOf(bins)
  let durationSum = readDurationSum(block)
  let [high, low, plainRows] = [0, 0, 0]
  for (let row = foldEnd, at = foldEnd & RECENT_MASK; row < rows; row++) {
    const durationSeconds = block[RECENT + at]
    at = (at + 1) & RECENT_MASK
    if (row >= inBins) bins[layout.binOf(durationSeconds)]++
    if (durationSeconds >= PLAIN_MIN && durationSeconds < PLAIN_END) {
      // In two float64, as the fold adds up plain rows: a BigInt per row takes ten times as long.
      const rounded = durationSeconds + ROUNDER - ROUNDER
      high += rounded
      low += durationSeconds - rounded
      plainRows++
    } else durationSum += durationSumOf(durationSeconds)
    if (plainRows < PLAIN_ROWS && row < rows - 1) continue
    durationSum += sumOfParts(high, low)
    high = low = plainRows = 0
  }
  const series = newSeries(name)
  for (const counter of ROW_COUNTER_NAMES) series[counter] = block[SERIES[counter]]
  series.rows = rows
  series.durationSum = durationSum
  series.bins = packBins(bins)
  return series
}

function readDurationSum(block: Float64Array): DurationSum {
  let sum = 0n
  for (let limb = SUM_LIMBS - 1; limb >= 0; limb--) {
    const value = block[SERIES.sumLimbs + limb]
    if (value !== 0 || sum !== 0n) sum = (sum << BITS_PER_LIMB) + BigInt(value)
  }
  return sum + sumOfParts(block[SERIES.sumHigh], block[SERIES.sumLow])
}

/** A sum in two float64, the lower of which may be negative. */
function sumOfParts(high: number, low: number): DurationSum {
  const sum = durationSumOf(high)
  return low < 0 ? sum - durationSumOf(-low) : sum + durationSumOf(low)
}

function sumOf(bins: Float64Array): number {
  let sum = 0
  for (let bin = 0; bin < bins.length; bin++) sum += bins[bin]
  return sum
}
