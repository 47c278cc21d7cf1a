import { OTHER } from '../catalogue.js'
import type { ColumnLayout } from '../snapshot/column-layout.js'
import { type BucketExemplars, newerExemplars } from '../snapshot/series-exemplars.js'
import { SeriesNames } from '../snapshot/series-names.js'
import { keepCounters, makeTable, type SeriesTable } from '../snapshot/series-table.js'
import {
  partsOf,
  type SourceHealth,
  type SourceKey,
  type SourceParts,
  SourceSnapshot,
} from '../snapshot/source-snapshot.js'
import { STATUSES_MAX, SUM_OPERATIONS_MAX } from '../stats/connector-stats.js'
import { seriesWithoutRows } from '../stats/known-operations.js'
import {
  mergeSeries,
  newSeries,
  type PackedSeries,
  type SeriesName,
} from '../stats/packed-series.js'
import { HealthSum } from './health-sum.js'

/**
 * Distinct operations in the sums, and distinct statuses of each; rows of further ones count under
 * `other`.
 */
const LIMITS = { operationsMax: SUM_OPERATIONS_MAX, statusesMax: STATUSES_MAX }
/**
 * Maximum number of series in the sums: their columns are computed in one step of some
 * milliseconds.
 */
const SUM_SERIES_MAX = 4_096
/** Series that are added up in one step: some 0.1 ms of work. */
const MERGED_PER_STEP = 64
/** The key of the sums. It is not exposed: sums have neither the label `engine` nor `instance`. */
const TOTAL_KEY: SourceKey = { instance: undefined, engine: OTHER }
/** The table of dropped engines has no columns, since merging reads none. */
const NO_COLUMNS = new Float64Array(0)

/** The stats and the health of a source. */
interface Counted {
  readonly table: SeriesTable
  readonly health: SourceHealth
}

/** The sums over all engines, dropped ones included, so that no counter goes down. */
export class Totals {
  readonly #layout: ColumnLayout
  readonly #names = new SeriesNames(LIMITS, { left: SUM_SERIES_MAX })
  readonly #health: HealthSum
  /** The stats of dropped engines. */
  #dropped: Counted
  /** The last sum. */
  #table: SeriesTable

  /**
   * @param operations whose series exist from the start
   * @param createdMs the current time, in milliseconds since 1970
   */
  constructor(layout: ColumnLayout, operations: readonly string[], createdMs: number) {
    this.#layout = layout
    this.#health = new HealthSum(createdMs)
    this.#table = makeTable(layout, this.#names, seriesWithoutRows(operations))
    this.#dropped = { table: this.#table, health: this.#health.of([]) }
  }

  /** Keep the stats of a source in the sums after it is dropped. */
  drop(source: Counted): void {
    const both = [this.#dropped, source]
    const parts = this.#newParts()
    for (const { table } of both) this.#addParts(parts, table)
    const series = Array.from(parts, ([name, list]) => mergeSeries(this.#layout.bins, name, list))
    this.#dropped = {
      table: { names: [...parts.keys()], series, columns: NO_COLUMNS },
      health: this.#health.of(both.map(({ health }) => health)),
    }
  }

  /** The sum of the given sources and of those dropped before the call, in steps of some 0.1 ms. */
  *sum(sources: readonly SourceSnapshot[]): Generator<void, SourceSnapshot> {
    const layout = this.#layout
    const all = sources.map(partsOf)
    const counted: readonly Counted[] = [this.#dropped, ...all]
    const health = this.#health.of(counted.map((one) => one.health))
    const lists = this.#newParts()
    for (const { table } of counted) yield this.#addParts(lists, table)
    const series: PackedSeries[] = []
    for (const [name, list] of lists) series.push(yield* this.#merge(name, list))
    const table = { names: [...lists.keys()], series, columns: layout.columnsOf(series) }
    this.#table = keepCounters(layout, table, this.#table)
    yield
    const exemplars = new Map<SeriesName, BucketExemplars>()
    for (const source of all) yield this.#addExemplars(exemplars, source)
    const inFlight = layout.hasExtras ? inFlightOf(all, table) : undefined
    const parts = { layout, table: this.#table, health, exemplars, inFlight }
    return new SourceSnapshot({ key: TOTAL_KEY, ...parts })
  }

  /** An empty list for each series of the last sum, so that series keep their order. */
  #newParts(): Map<SeriesName, PackedSeries[]> {
    return new Map(this.#table.names.map((name) => [name, []]))
  }

  #addParts(parts: Map<SeriesName, PackedSeries[]>, { names, series }: SeriesTable): void {
    for (const [index, one] of names.entries()) {
      const name = this.#names.of(one)
      const list = parts.get(name)
      if (list === undefined) parts.set(name, [series[index]])
      else list.push(series[index])
    }
  }

  *#merge(name: SeriesName, parts: readonly PackedSeries[]): Generator<void, PackedSeries> {
    let sum: PackedSeries = newSeries(name)
    for (let at = 0; at < parts.length; at += MERGED_PER_STEP) {
      const some = parts.slice(at, at + MERGED_PER_STEP)
      sum = mergeSeries(this.#layout.bins, name, [sum, ...some])
      yield
    }
    return sum
  }

  #addExemplars(sums: Map<SeriesName, BucketExemplars>, { exemplars }: SourceParts): void {
    for (const [one, buckets] of exemplars) {
      const name = this.#names.of(one)
      sums.set(name, newerExemplars(sums.get(name) ?? buckets, buckets))
    }
  }
}

/** The calls in flight of these sources, by an operation of the sum. */
function inFlightOf(sources: readonly SourceParts[], { names }: SeriesTable): Map<string, number> {
  const sums = new Map(names.map(({ operation }) => [operation, 0]))
  for (const { inFlight } of sources) {
    for (const [operation, count] of inFlight ?? []) {
      const name = sums.has(operation) ? operation : OTHER
      sums.set(name, (sums.get(name) ?? 0) + count)
    }
  }
  return sums
}
