import {
  EXTRA_COUNTER_NAMES,
  type ExtraCounts,
  ROW_COUNTER_NAMES,
  type RowCounts,
} from '../catalogue.js'
import type { BinLayout } from './bin-layout.js'
import type { DurationSum } from './duration-sum.js'
import { growthOfBins } from './growth-of-bins.js'
import { mergePackedBins, type PackedBins } from './packed-bins.js'
import { KNOWN_STATUSES } from './row.js'

/** The largest value of the option `seriesMax`. */
export const NAMED_SERIES_MAX = 1_024
/** Maximum number of series in a report: the known statuses of `other` are added to the limit. */
export const REPORT_SERIES_MAX = NAMED_SERIES_MAX + KNOWN_STATUSES.length

/** The name of a series, unique within an engine. */
export interface SeriesName {
  /** Name of the operation, or `other`. */
  readonly operation: string
  /** `ok`, `partial_failure`, `error`, `other`, or another word. */
  readonly status: string
}

/** The stats of one series (operation × status) at one moment, small enough to send. */
export interface PackedSeries extends SeriesName, RowCounts {
  /** Number of rows: the sum of the bins. */
  readonly rows: number
  readonly durationSum: DurationSum
  /** Rows per bin of a `BinLayout`. */
  readonly bins: PackedBins
  /** Counters of extra metrics; undefined if none are enabled. */
  readonly extras?: ExtraCounts | undefined
}

/** Writable sums of counters. */
export type MutableCounts = Mutable<RowCounts>

type Mutable<Fields> = { -readonly [Name in keyof Fields]: Fields[Name] }

// A copy of this object is several times faster than `Object.fromEntries`.
const ZERO_COUNTS = Object.fromEntries(ROW_COUNTER_NAMES.map((name) => [name, 0])) as RowCounts
export const NO_EXTRAS: ExtraCounts = Object.freeze({ numTransferredBytes: 0, numHitKeys: 0 })
const NO_ROWS: PackedSeries = {
  operation: '',
  status: '',
  ...ZERO_COUNTS,
  rows: 0,
  durationSum: 0n,
  bins: new Uint8Array(0),
  extras: undefined,
}

export function zeroCounts(): MutableCounts {
  return { ...ZERO_COUNTS }
}

/** A new series without rows, for the caller to fill in. */
export function newSeries({ operation, status }: SeriesName): Mutable<PackedSeries> {
  return { ...NO_ROWS, operation, status }
}

/** Add counters to a sum, or subtract them. */
export function addCounts(target: MutableCounts, counts: RowCounts, sign: 1 | -1 = 1): void {
  for (const name of ROW_COUNTER_NAMES) target[name] += sign * counts[name]
}

/** The sum or difference of extra counters, each of which may be undefined. */
export function addExtras(
  left: ExtraCounts | undefined,
  right: ExtraCounts | undefined,
  sign: 1 | -1 = 1,
): ExtraCounts | undefined {
  if (right === undefined) return left
  const sum: Mutable<ExtraCounts> = { ...(left ?? NO_EXTRAS) }
  for (const name of EXTRA_COUNTER_NAMES) sum[name] += sign * right[name]
  return sum
}

export function mergeSeries(
  layout: BinLayout,
  name: SeriesName,
  parts: readonly PackedSeries[],
): PackedSeries {
  const sum = newSeries(name)
  for (const part of parts) {
    addCounts(sum, part)
    sum.durationSum += part.durationSum
    sum.rows += part.rows
    sum.extras = addExtras(sum.extras, part.extras)
  }
  sum.bins = mergePackedBins(
    parts.map(({ bins }) => bins),
    layout,
  )
  return sum
}

/** The difference of a series and an earlier state of it. */
export function subtractSeries(later: PackedSeries, earlier: PackedSeries): PackedSeries {
  const difference: Mutable<PackedSeries> = { ...later }
  addCounts(difference, earlier, -1)
  difference.rows -= earlier.rows
  difference.extras = addExtras(later.extras, earlier.extras, -1)
  difference.durationSum -= earlier.durationSum
  difference.bins = growthOfBins(later.bins, earlier.bins)
  return difference
}

export function countRows(series: Iterable<PackedSeries>): number {
  let rows = 0
  for (const { rows: more } of series) rows += more
  return rows
}
