import type { Aggregation } from '../aggregator/aggregation.js'
import { startOfIncarnation } from '../recorder/incarnation-number.js'
import { countRows } from '../stats/packed-series.js'
import { ownBytes } from '../wire/binary.js'
import { rejection } from '../wire/rejection.js'
import type { DecodedReport } from '../wire/report.js'
import type { Entry } from './bucket.js'
import {
  decodeAddressKey,
  decodeKey,
  type EntrySource,
  sourceKey,
  VERSION_KEY,
} from './entry-key.js'
import { entryRejection } from './entry-rejection.js'
import { readEntryReport } from './entry-report.js'
import { readFolded } from './folded-entry.js'
import { readAddress } from './metrics-address.js'
import { readRows } from './rows-entry.js'
import { countBuckets, SourceEntries, type SourceEntry } from './source-entries.js'

/** An engine of the fleet. */
export interface FleetSource extends EntrySource {
  readonly entries: SourceEntries
  /** The keys of its entries in the bucket. */
  readonly keys: Set<string>
  /** The incarnation number of its state in the aggregation; a new number after it was removed. */
  readonly generation: number
  /** Number of states that were passed to the aggregation. */
  sequence: number
}

/** The marker of a deleted entry. */
interface Marker {
  readonly revision: number
  readonly createdMs: number
}

/** A change of an entry. */
interface Change {
  readonly source: FleetSource
  /** Restores the former entry if the aggregation rejects the state with the new one. */
  readonly undo: () => void
}

/**
 * The decoded entries of a bucket, which are passed to an aggregation as one state per engine. An
 * entry that cannot be read is rejected and counted; its former state and all other entries are
 * kept.
 */
export class Fleet {
  readonly #aggregation: Aggregation
  readonly #now: () => number
  readonly #sources = new Map<string, FleetSource>()
  /** The newest revision of each key in the bucket. */
  readonly #revisions = new Map<string, number>()
  readonly #markers = new Map<string, Marker>()
  readonly #addresses = new Map<string, string>()
  #generation = 1

  /** @param now the wall clock, in milliseconds since 1970 */
  constructor(aggregation: Aggregation, now: () => number) {
    this.#aggregation = aggregation
    this.#now = now
  }

  get sources(): Iterable<FleetSource> {
    return this.#sources.values()
  }

  /** The URL of the metrics of each instance that published it. */
  get addresses(): ReadonlyMap<string, string> {
    return this.#addresses
  }

  /** Markers of deleted entries that are in the bucket. */
  get markers(): ReadonlyMap<string, Marker> {
    return this.#markers
  }

  /** Number of entries in the bucket, without markers. */
  get size(): number {
    return this.#revisions.size
  }

  /** Apply one change, and pass the engine's new state to the aggregation. */
  take(entry: Entry): void {
    this.#guard(entry.key, () => {
      const change = this.#set(entry)
      if (change !== undefined) this.#handOver(change.source, [change], entry)
    })
  }

  /**
   * Apply all entries of the bucket, in steps of one entry or engine. Known entries that are
   * missing count as deleted.
   */
  *takeAll(entries: readonly Entry[]): Generator<void> {
    const changed = new Map<FleetSource, Change[]>()
    const gone = new Set(this.#revisions.keys())
    this.#markers.clear()
    for (const entry of entries) {
      if (entry.value !== undefined) gone.delete(entry.key)
      // A lower revision means that the bucket was deleted and created again.
      if (entry.revision < this.revisionOf(entry.key)) this.#revisions.delete(entry.key)
      this.#guard(entry.key, () => {
        const change = this.#set(entry)
        if (change === undefined) return
        changed.set(change.source, [...(changed.get(change.source) ?? []), change])
      })
      yield
    }
    for (const key of gone) this.#delete(key)
    for (const [source, changes] of changed) {
      const key = sourceKey(source)
      if (this.#sources.get(key) === source) {
        this.#guard(`${key}.>`, () => this.#handOver(source, changes))
      }
      yield
    }
  }

  /** The newest revision of a key in the bucket; 0 for other keys. */
  revisionOf(key: string): number {
    return this.#revisions.get(key) ?? 0
  }

  /** The newest revisions of the keys in the bucket. */
  get revisions(): ReadonlyMap<string, number> {
    return this.#revisions
  }

  /** The newest received revision of a key, of its entry or its marker; 0 for none. */
  latestOf(key: string): number {
    if (key === VERSION_KEY) return Number.POSITIVE_INFINITY
    return this.#revisions.get(key) ?? this.#markers.get(key)?.revision ?? 0
  }

  /** Handle an entry as deleted if its marker was removed, too. */
  forget(key: string): void {
    this.#delete(key)
  }

  /** Remove a marker that is no longer in the bucket. */
  forgetMarker(key: string): void {
    this.#markers.delete(key)
  }

  /** @param key of the entry, or a filter for those of an engine, for the message of a rejection */
  #guard(key: string, take: () => void): void {
    try {
      take()
    } catch (error) {
      this.#aggregation.reject(entryRejection(key, error) ?? error)
    }
  }

  /** @returns the change, if the state of an engine may have changed */
  #set({ key, revision, value, createdMs }: Entry): Change | undefined {
    if (key === VERSION_KEY || revision <= (this.#revisions.get(key) ?? 0)) return undefined
    if (value === undefined) {
      this.#delete(key)
      this.#markers.set(key, { revision, createdMs })
      return undefined
    }
    this.#markers.delete(key)
    this.#revisions.set(key, revision)
    const address = decodeAddressKey(key)
    if (address !== undefined) {
      this.#addresses.set(address.instance, readAddress(value))
      return undefined
    }
    const parts = decodeKey(key)
    if (parts === undefined) throw rejection('engine', 'a key of a report', key)
    if (parts.kind === 'rows') return this.#setRows(parts, { key, revision, value, createdMs })
    const source = this.#sources.get(sourceKey(parts)) ?? this.#add(parts)
    source.keys.add(key)
    const { entries } = source
    const bytes = value.length
    if (parts.kind === 'folded') {
      const { incarnations, report } = readFolded(
        ownBytes(value, this.#aggregation.payloadBytesMax),
      )
      const sum = {
        bytes,
        revision,
        createdMs,
        incarnations,
        report: readEntryReport(report, parts, this.#aggregation),
      }
      const { folded } = entries
      requireGrowth(folded, sum)
      entries.setFolded(sum)
      return { source, undo: () => entries.setFolded(folded) }
    }
    const { incarnation } = parts
    // An entry that was written before the sum is in it, and is going to be deleted.
    if (entries.isFolded(incarnation) && revision > (entries.folded?.revision ?? 0)) {
      const expected = 'an incarnation that was not removed'
      throw rejection('incarnation', expected, incarnation)
    }
    const known = entries.incarnations.get(incarnation)
    const entry = {
      bytes,
      revision,
      createdMs,
      report: readEntryReport(value, parts, this.#aggregation),
    }
    requireGrowth(known, entry)
    entries.set(incarnation, entry)
    return { source, undo: () => entries.set(incarnation, known) }
  }

  #setRows(
    parts: EntrySource & { readonly kind: 'rows' },
    { key, revision, value, createdMs }: Entry & { readonly value: Uint8Array },
  ): Change {
    const known = this.#sources.get(sourceKey(parts)) ?? this.#add(parts)
    known.keys.add(key)
    const sum = readRows(ownBytes(value, this.#aggregation.payloadBytesMax), createdMs)
    const report = readEntryReport(sum.report, parts, this.#aggregation)
    const { incarnation: number } = report
    // Another number means that the former entry was deleted, which the watch may have missed.
    if (known.entries.rows.size > 0 && !known.entries.rows.has(number)) this.#delete(key)
    this.#revisions.set(key, revision)
    const source = this.#sources.get(sourceKey(parts)) ?? this.#add(parts)
    source.keys.add(key)
    const { entries } = source
    const before = entries.rows.get(number)
    const entry = { bytes: value.length, revision, createdMs, report }
    requireGrowth(before, entry)
    entries.setRows(number, entry)
    return { source, undo: () => entries.setRows(number, before) }
  }

  #add({ instance, engine }: EntrySource): FleetSource {
    const source: FleetSource = {
      instance,
      engine,
      entries: new SourceEntries(this.#aggregation.layout.bins),
      keys: new Set(),
      generation: this.#generation,
      sequence: 0,
    }
    this.#sources.set(sourceKey(source), source)
    return source
  }

  /**
   * Handle the deletion of an entry. Its rows stay counted, in the folded entry or in the state
   * known here, until all entries of the engine were deleted, as by `removeSource`.
   */
  #delete(key: string): void {
    this.#revisions.delete(key)
    const address = decodeAddressKey(key)
    if (address !== undefined) this.#addresses.delete(address.instance)
    const parts = decodeKey(key)
    if (parts === undefined) return
    const source = this.#sources.get(sourceKey(parts))
    if (source?.keys.delete(key) !== true) return
    const { entries } = source
    if (source.keys.size === 0) {
      this.#sources.delete(sourceKey(parts))
      this.#aggregation.drop(parts.engine, parts.instance)
      // The aggregation rejects further reports of a dropped incarnation, so a returning engine
      // gets a new number.
      this.#generation++
    } else if (parts.kind === 'incarnation' && entries.isFolded(parts.incarnation)) {
      entries.set(parts.incarnation, undefined)
    }
  }

  /**
   * Pass the state of an engine to the aggregation.
   *
   * @param changes that are undone if the state is rejected
   * @param changed the entry that has just arrived; undefined after a read of all entries
   * @throws MoonmeterError `INVALID_PAYLOAD` if the state is rejected
   */
  #handOver(source: FleetSource, changes: readonly Change[], changed?: Entry): void {
    try {
      this.#takeState(source, changed)
    } catch (error) {
      for (const { undo } of changes.toReversed()) undo()
      throw error
    }
  }

  #takeState(source: FleetSource, changed: Entry | undefined): void {
    const { instance, engine, entries } = source
    const { layout } = this.#aggregation
    const { series, restarts, newest, latest } = entries.total()
    if (latest === undefined) return
    const isCurrent = changed !== undefined && changed.revision === latest.revision
    const isExpected = newest?.report.final === false
    const report: DecodedReport = {
      instance,
      engine,
      incarnation: source.generation,
      sequence: ++source.sequence,
      // Rows have no last report, and no report is expected of an engine that only sends rows.
      final: latest === newest ? !isExpected : latest === entries.folded,
      isExpected,
      bounds: layout.bins.bounds,
      series,
      bucketCounts: countBuckets(layout.bins, series, newest?.report),
      exemplars: exemplarsOf(entries, newest),
      ...inFlightOf(entries, isExpected ? newest : undefined, series.length),
    }
    this.#aggregation.takeState({
      report,
      bytes: latest.bytes,
      // An entry that has just arrived is new, even if the clocks of the server and this host
      // differ.
      ageMs: isCurrent ? 0 : Math.max(0, this.#now() - latest.createdMs),
      createdMs: startOfIncarnation(entries.first),
      restarts,
    })
  }
}

/** @throws MoonmeterError `INVALID_PAYLOAD`, reason `backwards` */
function requireGrowth(earlier: SourceEntry | undefined, later: SourceEntry): void {
  const [before, after] = [earlier, later].map((entry) => countRows(entry?.report.series ?? []))
  if ((after ?? 0) >= (before ?? 0)) return
  throw rejection('backwards', `at least ${before} rows, as the entry had before`, after)
}

function exemplarsOf(
  entries: SourceEntries,
  newest: SourceEntry | undefined,
): DecodedReport['exemplars'] {
  if (newest === undefined) return []
  const { exemplars, series } = newest.report
  return exemplars.flatMap(({ series: index, exemplar }) => {
    const name = series[index]
    return name === undefined ? [] : [{ series: entries.placeOf(name), exemplar }]
  })
}

function inFlightOf(
  entries: SourceEntries,
  newest: SourceEntry | undefined,
  length: number,
): Pick<DecodedReport, 'inFlight'> {
  if (newest?.report.inFlight === undefined) return {}
  const inFlight = new Array<number>(length).fill(0)
  for (const [index, count] of newest.report.inFlight.entries()) {
    const name = newest.report.series[index]
    if (name !== undefined) inFlight[entries.placeOf(name)] = count
  }
  return { inFlight }
}
