import { EXTRA_COUNTER_NAMES, type ExtraCounts, ROW_COUNTER_NAMES } from '../catalogue.js'
import type { MoonmeterError } from '../errors.js'
import type { BinLayout } from '../stats/bin-layout.js'
import { type DurationSum, durationSumOf } from '../stats/duration-sum.js'
import { packCounts } from '../stats/packed-bins.js'
import { newSeries, type PackedSeries, type SeriesName } from '../stats/packed-series.js'
import { COUNT_MAX, DURATION_SECONDS_MAX } from '../stats/row.js'
import { corruptJournal } from './corrupt-journal.js'
import { COUNTER_UNIT, EXTRAS, LIMB_BITS, PLAIN, SERIES, SUM_LIMBS } from './journal-layout.js'
import type { SeriesBlock } from './series-block.js'

const BITS_PER_LIMB = BigInt(LIMB_BITS)
const ROWS_MAX = Number.MAX_SAFE_INTEGER
const COUNTER_MAX = COUNT_MAX * ROWS_MAX
const SUM_END = 1n << BigInt(LIMB_BITS * SUM_LIMBS)
/** The largest sum that a fold keeps in each of two float64, in seconds. */
const HIGH_MAX = PLAIN.rowsMax * PLAIN.secondsEnd
const LOW_MAX = PLAIN.rowsMax * 2 ** -45

// V8 folds constants of this module into the code, but looks imported ones up. Numbers are checked
// inline: passing one as `unknown` to a function would allocate it.
const { secondsMin: PLAIN_MIN, secondsEnd: PLAIN_END } = PLAIN
const { rowsMax: PLAIN_ROWS, rounder: ROUNDER } = PLAIN
const UNIT = COUNTER_UNIT
const COUNTERS_LENGTH = ROW_COUNTER_NAMES.length
const NO_DURATIONS = new Float64Array(0)

/** The rows of a series after its last fold. */
export interface UnfoldedRows {
  /**
   * The sum of each counter over all rows of the series, in the order of the counters and in
   * `COUNTER_UNIT`; then the extra counters, if there are any.
   */
  readonly counters: readonly number[]
  /** The durations in seconds, in the order in which they were recorded. */
  readonly durations: Float64Array
  /** Whether a fold began and did not end, so that some of the rows may be in the bins already. */
  readonly isFoldOpen: boolean
}

/**
 * The stats of a series, read from a copy of its block, or from the block itself after the thread
 * has ended. The unfolded rows, which are few, are counted into the bins of the copy.
 *
 * Any code of the process can write to shared memory. So each number is checked, and no number in
 * the memory determines the length of a loop.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reason `journal`, when a number cannot be right
 */
export function readSeries(
  { floats: block, extrasAt }: Pick<SeriesBlock, 'floats' | 'extrasAt'>,
  layout: BinLayout,
  name: SeriesName,
  unfolded?: UnfoldedRows,
): PackedSeries {
  const bins = block.subarray(SERIES.bins, SERIES.bins + layout.binCount)
  const foldEnd = block[SERIES.foldEnd]
  const durations = unfolded?.durations ?? NO_DURATIONS
  const rows = foldEnd + durations.length
  if (!(isCount(foldEnd, ROWS_MAX) && rows <= ROWS_MAX)) throw corrupt('rows', foldEnd)
  // If a fold did not end, some of its rows are in the bins, and none of them are in the sum.
  const inBins = unfolded?.isFoldOpen === true ? packCounts(bins).rows - foldEnd : 0
  if (!(inBins >= 0 && inBins <= durations.length))
    throw corrupt('the sum of the bins', foldEnd + inBins)
  let durationSum = readDurationSum(block)
  let [high, low, plainRows] = [0, 0, 0]
  for (let row = 0; row < durations.length; row++) {
    const durationSeconds = durations[row]
    if (!isDuration(durationSeconds)) throw corrupt('a duration', durationSeconds)
    if (row >= inBins) bins[layout.binOf(durationSeconds)]++
    if (durationSeconds >= PLAIN_MIN && durationSeconds < PLAIN_END) {
      // Added up in two float64, as in the fold: a BigInt per row takes ten times as long.
      const rounded = durationSeconds + ROUNDER - ROUNDER
      high += rounded
      low += durationSeconds - rounded
      plainRows++
    } else durationSum += durationSumOf(durationSeconds)
    if (plainRows < PLAIN_ROWS && row < durations.length - 1) continue
    durationSum += sumOfParts(high, low)
    high = low = plainRows = 0
  }
  const isSum = durationSum >= 0n && durationSum < SUM_END
  if (!isSum) throw corrupt('the sum of the durations', durationSum)
  const series = newSeries(name)
  for (let index = 0; index < COUNTERS_LENGTH; index++) {
    const counter = ROW_COUNTER_NAMES[index]
    const folded = block[SERIES.foldedCounters + index] / UNIT
    const value = unfolded === undefined ? folded : unfolded.counters[index] / UNIT
    if (!(isCount(folded, COUNTER_MAX) && isCount(value, COUNTER_MAX)))
      throw corrupt(counter, value)
    series[counter] = value
  }
  series.rows = rows
  series.durationSum = durationSum
  const { packed, rows: counted } = packCounts(bins)
  if (!(counted === rows)) throw corrupt('the sum of the bins', counted)
  series.bins = packed
  if (extrasAt > 0) series.extras = readExtras(block, extrasAt, unfolded)
  return series
}

function readExtras(
  block: Float64Array,
  extrasAt: number,
  unfolded: UnfoldedRows | undefined,
): ExtraCounts {
  const values = EXTRA_COUNTER_NAMES.map((counter, index) => {
    const folded = block[extrasAt + EXTRAS.foldedCounters + index] / UNIT
    const value =
      unfolded === undefined ? folded : unfolded.counters[COUNTERS_LENGTH + index] / UNIT
    if (!(isCount(folded, COUNTER_MAX) && isCount(value, COUNTER_MAX)))
      throw corrupt(counter, value)
    return value
  })
  const [numTransferredBytes, numHitKeys] = values
  return { numTransferredBytes, numHitKeys }
}

/** Whether a number can be a duration of a row, in seconds. */
export function isDuration(value: number): boolean {
  return value >= 0 && value <= DURATION_SECONDS_MAX
}

function readDurationSum(block: Float64Array): DurationSum {
  let sum = 0n
  for (let limb = SUM_LIMBS - 1; limb >= 0; limb--) {
    const value = block[SERIES.sumLimbs + limb]
    if (value === 0 && sum === 0n) continue
    if (!isCount(value, ROWS_MAX)) throw corrupt('a limb of the sum of the durations', value)
    sum = (sum << BITS_PER_LIMB) + BigInt(value)
  }
  const { [SERIES.sumHigh]: high, [SERIES.sumLow]: low } = block
  const isInRange = high >= 0 && high <= HIGH_MAX && Math.abs(low) <= LOW_MAX
  if (!isInRange) throw corrupt('the sum of the last fold', high)
  return sum + sumOfParts(high, low)
}

/** The sum of two float64, the lower of which may be negative. */
function sumOfParts(high: number, low: number): DurationSum {
  const sum = durationSumOf(high)
  return low < 0 ? sum - durationSumOf(-low) : sum + durationSumOf(low)
}

function isCount(value: number, max: number): boolean {
  return value >= 0 && value <= max && Math.floor(value) === value
}

function corrupt(what: string, got: unknown): MoonmeterError {
  return corruptJournal(`${what} as a recorder writes it`, got)
}
