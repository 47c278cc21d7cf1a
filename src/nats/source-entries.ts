import type { BinLayout } from '../stats/bin-layout.js'
import { addPackedBins } from '../stats/packed-bins.js'
import {
  mergeSeries,
  newSeries,
  type PackedSeries,
  type SeriesName,
} from '../stats/packed-series.js'
import type { DecodedReport } from '../wire/report.js'
import { type RestartCounts, sumRestarts } from '../wire/report-restarts.js'
import type { FoldedIncarnations } from './folded-entry.js'

/** A decoded entry of an engine. */
export interface SourceEntry {
  readonly report: DecodedReport
  /** Size of the entry's value. */
  readonly bytes: number
  readonly revision: number
  /** The time at which the server stored it, in milliseconds since 1970. */
  readonly createdMs: number
}

/** The sum of the removed incarnations. */
export interface FoldedSum extends SourceEntry {
  readonly incarnations: FoldedIncarnations
}

/** The sum of the entries of an engine. */
export interface EntriesTotal {
  /** The series, each name once. A series keeps its place as long as the engine is known. */
  readonly series: readonly PackedSeries[]
  /** Restarts of the engine, by reason, by the pools of all its incarnations; undefined for none. */
  readonly restarts: RestartCounts | undefined
  /** The entry of the newest incarnation; undefined if it was removed. */
  readonly newest: SourceEntry | undefined
  /** The most recently stored of that entry and the entries of sums; undefined for none. */
  readonly latest: SourceEntry | undefined
}

/**
 * The entries of one engine and their sum: the folded entry, the latest report of each incarnation
 * that is not in it, and the rows from payloads. The sum is a function of the entries, so it does
 * not depend on their order of arrival. It does not change when an incarnation is added to the
 * folded entry, nor when its own entry is deleted.
 */
export class SourceEntries {
  readonly #layout: BinLayout
  readonly #incarnations = new Map<number, SourceEntry>()
  #folded: FoldedSum | undefined
  /** The entries of rows by number: deleted ones, and the one in the bucket. */
  readonly #rows = new Map<number, SourceEntry>()
  /** Indices of the series in the sum, by name. */
  readonly #places = new Map<string, number>()
  readonly #names: SeriesName[] = []
  /** The sum of all entries but the newest, until one of them changes. */
  #base: readonly PackedSeries[] | undefined

  constructor(layout: BinLayout) {
    this.#layout = layout
  }

  /** The latest report of each incarnation, including those in the folded entry. */
  get incarnations(): ReadonlyMap<number, SourceEntry> {
    return this.#incarnations
  }

  get folded(): FoldedSum | undefined {
    return this.#folded
  }

  /** The number of the newest incarnation, removed ones included; 0 for none. */
  get newest(): number {
    return Math.max(this.#newestEntry, this.#folded?.report.incarnation ?? 0)
  }

  /** The smallest number of an incarnation, or of rows, in any entry so far; 0 for none. */
  get first(): number {
    const { first = 0 } = this.#folded?.incarnations ?? {}
    const all = [first, ...this.#incarnations.keys(), ...this.#rows.keys()]
    const numbers = all.filter((number) => number > 0)
    return numbers.length === 0 ? 0 : Math.min(...numbers)
  }

  /** Set the entry of an incarnation, or remove it. */
  set(incarnation: number, entry: SourceEntry | undefined): void {
    const isNewest = incarnation === this.#newestEntry
    if (entry === undefined) this.#incarnations.delete(incarnation)
    else this.#incarnations.set(incarnation, entry)
    if (!isNewest || entry === undefined) this.#base = undefined
  }

  /** Set the folded entry, or remove it. */
  setFolded(folded: FoldedSum | undefined): void {
    this.#folded = folded
    this.#base = undefined
  }

  /** The rows from payloads, by the number of their entry. */
  get rows(): ReadonlyMap<number, SourceEntry> {
    return this.#rows
  }

  /** Set the entry of rows with a number, or remove it. */
  setRows(number: number, entry: SourceEntry | undefined): void {
    if (entry === undefined) this.#rows.delete(number)
    else this.#rows.set(number, entry)
  }

  /** Whether an incarnation is in the folded entry. */
  isFolded(incarnation: number): boolean {
    return this.#folded?.incarnations.contains(incarnation) ?? false
  }

  total(): EntriesTotal {
    const number = this.#newestEntry
    const own = this.#incarnations.get(number)
    this.#base ??= this.#sum(
      [...this.#incarnations.keys()].filter((other) => other !== number),
      this.#folded?.report.series,
    )
    const parts = own === undefined || this.isFolded(number) ? [] : own.report.series
    const newest = number === this.newest ? own : undefined
    const rows = [...this.#rows.values()]
    // The most frequent case: one incarnation, without new series.
    const isAlone = this.#base.length === 0 && rows.length === 0 && this.#isInPlace(parts)
    const series = isAlone
      ? parts
      : this.#merge([this.#base, parts, ...rows.map(({ report }) => report.series)])
    const [latest] = [newest ?? this.#folded, ...rows]
      .filter((entry) => entry !== undefined)
      .sort((left, right) => right.createdMs - left.createdMs)
    return { series, restarts: this.#restarts, newest, latest }
  }

  /** Each incarnation has the restarts by the pool of its process since the start of the process. */
  get #restarts(): RestartCounts | undefined {
    const entries = [...this.#incarnations].filter(([number]) => !this.isFolded(number))
    return sumRestarts([
      this.#folded?.report.restarts,
      ...entries.map(([, { report }]) => report.restarts),
    ])
  }

  /** The index of a series in the sum. */
  placeOf({ operation, status }: SeriesName): number {
    // The length separates the two names.
    const name = `${operation.length} ${operation} ${status}`
    const known = this.#places.get(name)
    if (known !== undefined) return known
    this.#places.set(name, this.#names.length)
    this.#names.push({ operation, status })
    return this.#names.length - 1
  }

  /** Whether these are all known series, each in its place. */
  #isInPlace(series: readonly PackedSeries[]): boolean {
    return (
      series.length === this.#names.length &&
      series.every(({ operation, status }, place) => {
        const name = this.#names[place]
        return name?.operation === operation && name.status === status
      })
    )
  }

  /** The number of the newest incarnation that has an entry; 0 for none. */
  get #newestEntry(): number {
    return Math.max(0, ...this.#incarnations.keys())
  }

  #sum(numbers: readonly number[], folded: readonly PackedSeries[] = []): PackedSeries[] {
    const reports = numbers
      // In a fixed order, since sums past 2^53 are rounded.
      .toSorted((left, right) => left - right)
      .filter((number) => !this.isFolded(number))
      .map((number) => this.#incarnations.get(number)?.report.series ?? [])
    return this.#merge([folded, ...reports])
  }

  #merge(lists: readonly (readonly PackedSeries[])[]): PackedSeries[] {
    const parts: PackedSeries[][] = []
    for (const series of lists.flat()) {
      const place = this.placeOf(series)
      parts[place] ??= []
      parts[place].push(series)
    }
    return this.#names.map((name, place) => {
      const [only, ...others] = parts[place] ?? [newSeries(name)]
      if (only !== undefined && others.length === 0) return only
      return mergeSeries(this.#layout, name, parts[place] ?? [])
    })
  }
}

/**
 * Rows per bucket of each series, as in a decoded report.
 *
 * @param report if given, the report that has exactly these series; its counts are returned
 */
export function countBuckets(
  layout: BinLayout,
  series: readonly PackedSeries[],
  report: DecodedReport | undefined,
): Float64Array {
  const isOfReport =
    series.length === report?.series.length && series.every((one, at) => one === report.series[at])
  if (isOfReport) return report.bucketCounts
  const buckets = layout.bounds.length + 1
  const counts = new Float64Array(series.length * buckets)
  for (const [index, { bins }] of series.entries()) {
    addPackedBins(counts, bins, layout.bucketOfBin, index * buckets)
  }
  return counts
}
