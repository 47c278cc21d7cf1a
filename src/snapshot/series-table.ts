import { EXTRA_COUNTER_NAMES, ROW_COUNTER_NAMES } from '../catalogue.js'
import {
  mergeSeries,
  type PackedSeries,
  type SeriesName,
  subtractSeries,
} from '../stats/packed-series.js'
import type { ColumnLayout } from './column-layout.js'
import type { SeriesNames } from './series-names.js'

/** The series of a source at one moment; immutable. The arrays have one element per series. */
export interface SeriesTable {
  /** The exposed names of the series. */
  readonly names: readonly SeriesName[]
  readonly series: readonly PackedSeries[]
  /** The numbers of the series, in the order of `ColumnLayout`. */
  readonly columns: Float64Array
}

type Extras = PackedSeries['extras']

/** Per list of names, whether each name occurs once. Most tables of a source share one list. */
const distinct = new WeakMap<readonly SeriesName[], boolean>()

export const EMPTY_TABLE: SeriesTable = { names: [], series: [], columns: new Float64Array(0) }

/**
 * A table of the given series.
 *
 * @param names provides the names; because of limits, two series may have the same name
 * @param previous an earlier table of the same series, whose names are reused
 * @param bucketCounts as for `ColumnLayout.columnsOf`
 */
export function makeTable(
  layout: ColumnLayout,
  names: SeriesNames,
  series: readonly PackedSeries[],
  previous: SeriesTable = EMPTY_TABLE,
  bucketCounts?: Float64Array,
): SeriesTable {
  return {
    names: hasSameNames(previous.series, series)
      ? previous.names
      : series.map((one) => names.of(one)),
    series,
    columns: layout.columnsOf(series, bucketCounts),
  }
}

/** A table with each name once: series with the same name are added up. */
export function mergeTables(layout: ColumnLayout, tables: readonly SeriesTable[]): SeriesTable {
  const [first] = tables
  if (first !== undefined && tables.length === 1 && isDistinct(first.names)) return first
  const parts = new Map<SeriesName, PackedSeries[]>()
  for (const { names, series } of tables) {
    for (const [index, name] of names.entries()) {
      const known = parts.get(name)
      if (known === undefined) parts.set(name, [series[index]])
      else known.push(series[index])
    }
  }
  const series = Array.from(parts, ([name, list]) => {
    const [only] = list
    return list.length === 1 && only !== undefined ? only : mergeSeries(layout.bins, name, list)
  })
  return { names: [...parts.keys()], series, columns: layout.columnsOf(series) }
}

/**
 * A table with no counter below that of an earlier table of its source. Sums past 2^53 are rounded
 * at each addition. The sum of the same parts in another order of ended incarnations may be less,
 * which Prometheus would treat as a reset.
 */
export function keepCounters(
  layout: ColumnLayout,
  table: SeriesTable,
  earlier: SeriesTable,
): SeriesTable {
  if (table.series.every(isExact)) return table
  const before = new Map(earlier.names.map((name, index) => [name, earlier.series[index]]))
  const series = table.series.map((now, index) => {
    const then = before.get(table.names[index])
    const lost = ROW_COUNTER_NAMES.filter(
      (counter) => then !== undefined && then[counter] > now[counter],
    )
    const extras = keepExtras(now.extras, then?.extras)
    if (lost.length === 0 && extras === now.extras) return now
    const kept = Object.fromEntries(lost.map((counter) => [counter, then?.[counter]]))
    return { ...now, ...kept, extras }
  })
  const isSame = series.every((one, index) => one === table.series[index])
  return isSame ? table : { names: table.names, series, columns: layout.columnsOf(series) }
}

/** Whether all counters of a series are below the range of rounding. */
function isExact(series: PackedSeries): boolean {
  return (
    ROW_COUNTER_NAMES.every((counter) => series[counter] <= Number.MAX_SAFE_INTEGER) &&
    !((series.extras?.numTransferredBytes ?? 0) > Number.MAX_SAFE_INTEGER) &&
    !((series.extras?.numHitKeys ?? 0) > Number.MAX_SAFE_INTEGER)
  )
}

/** Extra counters, none of them below that of an earlier table. */
function keepExtras(now: Extras, then: Extras): Extras {
  if (now === undefined || then === undefined) return now
  if (EXTRA_COUNTER_NAMES.every((counter) => now[counter] >= then[counter])) return now
  return {
    numTransferredBytes: Math.max(now.numTransferredBytes, then.numTransferredBytes),
    numHitKeys: Math.max(now.numHitKeys, then.numHitKeys),
  }
}

/** The differences of the series that have new rows since an earlier table of the same source. */
export function subtractTables(
  layout: ColumnLayout,
  later: SeriesTable,
  earlier: SeriesTable,
): SeriesTable {
  // The table is the same object until it changes, and most sources do not change between two
  // reads.
  if (later === earlier) return EMPTY_TABLE
  const before = new Map(earlier.names.map((name, index) => [name, earlier.series[index]]))
  const names: SeriesName[] = []
  const series: PackedSeries[] = []
  for (const [index, name] of later.names.entries()) {
    const now = later.series[index]
    const then = before.get(name)
    if (now.rows === (then?.rows ?? 0)) continue
    names.push(name)
    series.push(then === undefined ? now : subtractSeries(now, then))
  }
  return { names, series, columns: layout.columnsOf(series) }
}

function hasSameNames(left: readonly SeriesName[], right: readonly SeriesName[]): boolean {
  if (left.length !== right.length) return false
  return left.every(({ operation, status }, index) => {
    return operation === right[index].operation && status === right[index].status
  })
}

function isDistinct(names: readonly SeriesName[]): boolean {
  const known = distinct.get(names) ?? new Set(names).size === names.length
  distinct.set(names, known)
  return known
}
