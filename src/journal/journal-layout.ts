import { EXTRA_COUNTER_NAMES, ROW_COUNTER_NAMES, type RowCounter } from '../catalogue.js'
import { type BinLayout, SEGMENTS_SECONDS_MIN } from '../stats/bin-layout.js'
import { LABEL_BYTES_MAX } from '../stats/bounded-names.js'
import { NAMED_SERIES_MAX } from '../stats/packed-series.js'
import { KNOWN_STATUSES } from '../stats/row.js'

export const FLOAT64_BYTES = 8
export const FLOAT64_WORDS = 2
/** Most recent durations that a journal keeps per series; a power of two. */
export const RECENT_ROWS = 2_048
/** Rows of a series between two folds, a power of two; their durations fit the first-level cache. */
export const FOLD_ROWS = 256
/** The option `seriesMax`: maximum number of series in a journal, `other` included. */
export const SERIES_MAX = { fallback: 32, min: 2, max: NAMED_SERIES_MAX, integer: true } as const
/** Bits of a limb of a duration sum; limb 0 counts units of 2^-82 s. */
export const LIMB_BITS = 32
/** Limbs of a duration sum: 224 bits hold the sum of 2^53 rows of the longest duration, 2^64 s. */
export const SUM_LIMBS = 7
/**
 * Plain durations: from 2^-30 s to below 2 s. Their sum is kept in two float64: multiples of 2^-44
 * s, and the rest of each duration, multiples of 2^-82 s. Over `rowsMax` rows neither ever rounds:
 * 256 · 2 · 2^44 is 2^53, and 256 · 2^-45 / 2^-82 is 2^45.
 */
export const PLAIN = {
  secondsMin: SEGMENTS_SECONDS_MIN,
  secondsEnd: 2,
  rowsMax: 256,
  /** Adding this value and subtracting it again rounds a duration to a multiple of 2^-44. */
  rounder: 1.5 * 2 ** 8,
} as const
/**
 * The unit of row counters in a journal. It is a power of two, so sums are as exact as sums of
 * integers, to 53 bits. The values are fractions, which V8 adds as float64. V8 14.6 (Node 26) adds
 * two values as int64 if both have always been integers and the type of one is proven; later
 * versions do so whenever both have been integers. The int64 addition takes two conversions and
 * five checks: an addition to a value that was just stored took 7.6 ns instead of 3.3, and a row
 * recorded in a loop 9.7 instead of 6.7. V8 14.6 adds `++` as float64.
 */
export const COUNTER_UNIT = 2 ** -64
/** Bytes of a series' two names, each with a byte for its length. */
const NAMES_BYTES = 2 * (1 + LABEL_BYTES_MAX)

/** Words (int32) at the start of a journal; each comment names the writer. */
export const HEADER = {
  /** The creator: marks the memory as a journal of one version. */
  magic: 0,
  /** The recorder: number of series; written after the name of the last one. */
  seriesCount: 1,
  /** The recorder: reports posted to the port. */
  sent: 2,
  /** The aggregator: reports acknowledged. */
  acknowledged: 3,
  /** The aggregator: 1 when the engine should stop. */
  stopRequested: 4,
  /** The recorder, and the aggregator when it closes the journal: one of `JOURNAL_STATE`. */
  state: 5,
} as const

/**
 * Index of a float64 after the words: rows that the aggregator had counted when it closed the
 * journal.
 */
export const ROWS_COUNTED = 8

/** Requests to the recorder, for its next row: publish the rows of the series, or send a report. */
export const DUE = { nothing: 0, fold: 1, report: 2 } as const

/** `closed`: the aggregator has read the journal for the last time. */
export const JOURNAL_STATE = { fresh: 0, recording: 1, closed: 2 } as const

const HEADER_LENGTH = 16

const COUNTERS = 2
const RECENT = COUNTERS + ROW_COUNTER_NAMES.length + 1
const LOCK = RECENT + RECENT_ROWS
const FOLDED = LOCK + 1
const SUMS = FOLDED + 1 + ROW_COUNTER_NAMES.length
const NAMES = SUMS + 2 + SUM_LIMBS

const COUNTER_OFFSETS = Object.fromEntries(
  ROW_COUNTER_NAMES.map((name, index) => [name, COUNTERS + index]),
) as Record<RowCounter, number>

/**
 * Offsets of the fields of a series from the start of its block, in float64 units. They are
 * compile-time constants for V8. The bins come last, since their number depends on the bucket
 * bounds.
 *
 * `record` writes the fields before `lock` with plain stores. `foldRows` counts the rows of the
 * ring into the fields after `lock` and publishes these. The rows from `foldEnd` to `rows` are not
 * folded yet.
 */
export const SERIES = {
  /** Rows recorded: the last store of a row. */
  rows: 0,
  /** Rows that `record` began to write: the first store of a row. */
  rowsBegun: 1,
  /** The sum of each counter of the rows, in `COUNTER_UNIT`. */
  ...COUNTER_OFFSETS,
  /**
   * One of `DUE`, set by the aggregator and reset by the recorder. Each series has this field, so that
   * `record` reads only its own block.
   */
  due: RECENT - 1,
  /** Ring of the most recent durations: that of row `r` is at `r` mod `RECENT_ROWS`. */
  recent: RECENT,
  /**
   * A seqlock over everything after it, two int32 with atomic access: the number of the fold that
   * began last, and of the fold that ended last.
   */
  lock: LOCK,
  /** Rows counted by folds. */
  foldEnd: FOLDED,
  /** The sum of each counter over the folded rows, in the order of the counters. */
  foldedCounters: FOLDED + 1,
  /** The sum of the plain durations of the last fold, each rounded to a multiple of 2^-44 s. */
  sumHigh: SUMS,
  /** The sum of the rounding errors of `sumHigh`, which may be negative. */
  sumLow: SUMS + 1,
  /** The sum of all other durations: `SUM_LIMBS` integers, the least significant first. */
  sumLimbs: SUMS + 2,
  names: NAMES,
  bins: NAMES + NAMES_BYTES / FLOAT64_BYTES,
} as const

/**
 * Offsets, from `SeriesBlock.extrasAt`, of the fields after the bins. Only journals with extra
 * metrics have them.
 */
export const EXTRAS = {
  /** The sum of each of `EXTRA_COUNTER_NAMES` over the rows, in `COUNTER_UNIT`; as `numKeys`. */
  counters: 0,
  /** The sum of each over the rows that folds counted; as `foldedCounters`. */
  foldedCounters: EXTRA_COUNTER_NAMES.length,
  /** Calls of the operation in flight, of any status. */
  inFlight: 2 * EXTRA_COUNTER_NAMES.length,
  length: 2 * EXTRA_COUNTER_NAMES.length + 1,
} as const

/** The layout of a journal: a header, then one block of equal size per series. */
export class JournalLayout {
  readonly bins: BinLayout
  /** Maximum number of series, `other` included. */
  readonly seriesMax: number
  /** Number of blocks: `seriesMax`, and the known statuses of `other` in addition. */
  readonly blockCount: number
  readonly seriesLength: number
  /** Where the extra fields of a series begin in its block; 0 where it has none. */
  readonly extrasAt: number

  /** @param hasExtras whether extra metrics are enabled */
  constructor(bins: BinLayout, seriesMax: number, hasExtras = false) {
    this.bins = bins
    this.seriesMax = seriesMax
    this.blockCount = seriesMax + KNOWN_STATUSES.length
    const length = SERIES.bins + bins.binCount
    this.extrasAt = hasExtras ? length : 0
    this.seriesLength = hasExtras ? length + EXTRAS.length : length
  }

  /** Bytes a journal takes; pages that were never written cost no memory. */
  get byteLength(): number {
    return (HEADER_LENGTH + this.blockCount * this.seriesLength) * FLOAT64_BYTES
  }

  /** Where the block of a series starts, in float64 units. */
  baseOf(series: number): number {
    return HEADER_LENGTH + series * this.seriesLength
  }
}
