import type { Aggregation } from '../aggregator/aggregation.js'
import { MoonmeterError } from '../errors.js'
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
import { readEntryReport } from './entry-report.js'
import { readFolded } from './folded-entry.js'
import { readAddress } from './metrics-address.js'
import { readRows } from './rows-entry.js'
import { countBuckets, SourceEntries, type SourceEntry } from './source-entries.js'

/** An engine of the fleet. */
export interface FleetSource extends EntrySource {
  readonly entries: SourceEntries
  /** Its keys that are in the bucket. */
  readonly keys: Set<string>
  /** The number that the aggregation knows its state by: another one after it was removed. */
  readonly generation: number
  /** States that were handed to the aggregation. */
  sequence: number
}

/** The marker of an entry that was deleted. */
interface Marker {
  readonly revision: number
  readonly createdMs: number
}

/** An entry that was set. */
interface Change {
  readonly source: FleetSource
  /** Restores the entry as it was, where the state of the engine is rejected with the new one. */
  readonly undo: () => void
}

/**
 * The entries of a bucket, decoded, and handed to an aggregation as one state per engine. An entry
 * that cannot be read is rejected and counted; what was known of it and of all others stays.
 */
export class Fleet {
  readonly #aggregation: Aggregation
  readonly #now: () => number
  readonly #sources = new Map<string, FleetSource>()
  /** The newest revision of each key that is in the bucket. */
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

  /** Take one change, and hand the engine's new state over. */
  take(entry: Entry): void {
    this.#guard(() => {
      const change = this.#set(entry)
      if (change === undefined) return
      if (this.#handOver(change.source, entry) !== undefined) change.undo()
    })
  }

  /**
   * Take everything that is in the bucket, in steps of one entry or engine. What is no longer there is
   * taken as deleted.
   */
  *takeAll(entries: readonly Entry[]): Generator<void> {
    const changed = new Map<FleetSource, Change[]>()
    const gone = new Set(this.#revisions.keys())
    this.#markers.clear()
    for (const entry of entries) {
      if (entry.value !== undefined) gone.delete(entry.key)
      // Revisions only begin again in a bucket that was made again.
      if (entry.revision < this.revisionOf(entry.key)) this.#revisions.delete(entry.key)
      this.#guard(() => {
        const change = this.#set(entry)
        if (change === undefined) return
        changed.set(change.source, [...(changed.get(change.source) ?? []), change])
      })
      yield
    }
    for (const key of gone) this.#delete(key)
    for (const [source, changes] of changed) {
      const isKnown = this.#sources.get(sourceKey(source)) === source
      if (isKnown && this.#handOver(source) !== undefined) {
        for (const { undo } of changes.toReversed()) undo()
      }
      yield
    }
  }

  /** The newest revision of a key that is in the bucket; 0 for others. */
  revisionOf(key: string): number {
    return this.#revisions.get(key) ?? 0
  }

  /** The newest revisions of the keys that are in the bucket. */
  get revisions(): ReadonlyMap<string, number> {
    return this.#revisions
  }

  /** The newest revision of a key that has come, of its entry or its marker; 0 for none. */
  latestOf(key: string): number {
    if (key === VERSION_KEY) return Number.POSITIVE_INFINITY
    return this.#revisions.get(key) ?? this.#markers.get(key)?.revision ?? 0
  }

  /** Take an entry as deleted whose marker is gone, too. */
  forget(key: string): void {
    this.#delete(key)
  }

  /** A marker is no longer in the bucket. */
  forgetMarker(key: string): void {
    this.#markers.delete(key)
  }

  #guard(take: () => void): void {
    try {
      take()
    } catch (error) {
      if (!(error instanceof MoonmeterError) || error.reason === undefined) throw error
      this.#aggregation.reject(error)
    }
  }

  /** @returns what changed, if the state of an engine may have */
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
    // An entry that was written before the sum is only still to be deleted.
    if (entries.isFolded(incarnation) && revision > (entries.folded?.revision ?? 0)) {
      const expected = 'an incarnation that was not removed as one that had ended'
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
    // With another number, it was made after the one before was deleted, which may not have been seen.
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
   * An entry was deleted. What it counted stays, by the folded entry or by what is known here, until
   * all entries of the engine have been deleted, as `removeSource` does.
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
      // The aggregation rejects what it dropped, and the engine may come again.
      this.#generation++
    } else if (parts.kind === 'incarnation' && entries.isFolded(parts.incarnation)) {
      entries.set(parts.incarnation, undefined)
    }
  }

  /**
   * Hand the state of an engine to the aggregation.
   *
   * @param changed the entry that has just come; none where all have been read
   * @returns why the state was rejected, if it was
   */
  #handOver(source: FleetSource, changed?: Entry): MoonmeterError | undefined {
    const { instance, engine, entries } = source
    const { layout } = this.#aggregation
    const { series, newest, latest } = entries.total()
    if (latest === undefined) return undefined
    const isCurrent = changed !== undefined && changed.revision === latest.revision
    const isExpected = newest?.report.final === false
    const report: DecodedReport = {
      instance,
      engine,
      incarnation: source.generation,
      sequence: ++source.sequence,
      // Rows have no last report, and none is expected of an engine that only sends rows.
      final: latest === newest ? !isExpected : latest === entries.folded,
      isExpected,
      bounds: layout.bins.bounds,
      series,
      bucketCounts: countBuckets(layout.bins, series, newest?.report),
      exemplars: exemplarsOf(entries, newest),
      ...inFlightOf(entries, isExpected ? newest : undefined, series.length),
    }
    return this.#aggregation.takeState({
      report,
      bytes: latest.bytes,
      // The clocks of the server and of this host may differ; what has just come is new.
      ageMs: isCurrent ? 0 : Math.max(0, this.#now() - latest.createdMs),
      createdMs: startOfIncarnation(entries.first),
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
