import type { BinLayout } from '../stats/bin-layout.js'
import { mergeSeries, type PackedSeries, REPORT_SERIES_MAX } from '../stats/packed-series.js'
import { encodeReport } from '../wire/report.js'
import { CONFLICT, type EntryStore } from './bucket.js'
import { decodeKey, encodeKey } from './entry-key.js'
import type { Fleet, FleetSource } from './fleet.js'
import { encodeFolded, FoldedIncarnations } from './folded-entry.js'
import type { SourceEntries, SourceEntry } from './source-entries.js'

/** Incarnations of one engine that are folded at a time. */
const FOLDED_AT_ONCE_MAX = 64

/** What became of incarnations that had ended. */
export interface FoldCounts {
  /** Incarnations that were added to the sum of their engine. */
  folded: number
  /** Sums that another aggregator had written meanwhile; nothing was written then. */
  conflicts: number
}

/** A folded entry to be written. */
interface FoldPlan {
  readonly key: string
  /** That of the folded entry that the sum was made from; 0 for none. */
  readonly revision: number
  readonly value: Uint8Array
  /** The keys of the entries that were added, with the revisions that were. */
  readonly due: readonly (readonly [key: string, revision: number])[]
}

/**
 * Removes the entries of incarnations that ended some time ago. They are added to one entry of their
 * engine first, so that no total falls.
 *
 * Any number of aggregators may do this at the same time, and may end at any point of it:
 *
 * - The folded entry lists the incarnations that it contains. A reader counts an incarnation either
 *   by its own entry or by the folded one, so an entry that both has been added and not been deleted
 *   yet counts once.
 * - The folded entry is written only if it still has the revision that it was computed from. Of two
 *   aggregators, one writes it; the other finds the incarnations in the list when it looks again.
 * - An entry is added only as the server has it at that moment, and deleted only if it still has that
 *   revision. Deleting it again changes nothing.
 *
 * An incarnation has ended with its last report. One that has a newer one of its engine beside
 * it, and has made no put for the time that entries are kept, is ended first: its report is written
 * again as the last one, if the entry is still as it was. So no put that the server acknowledges can
 * come between the sum and the deletion: an engine that goes on after all finds that it was ended. The
 * newest incarnation of an engine is not ended, however old it is.
 */
export class BucketFolder {
  readonly #bucket: EntryStore
  readonly #fleet: Fleet
  readonly #layout: BinLayout
  readonly #keptEndedMs: number
  readonly #now: () => number
  readonly counts: FoldCounts = { folded: 0, conflicts: 0 }

  constructor(
    bucket: EntryStore,
    fleet: Fleet,
    { layout, keptEndedMs, now }: { layout: BinLayout; keptEndedMs: number; now: () => number },
  ) {
    this.#bucket = bucket
    this.#fleet = fleet
    this.#layout = layout
    this.#keptEndedMs = keptEndedMs
    this.#now = now
  }

  /** Fold what is due, and remove what is left of it. */
  async fold(): Promise<void> {
    for (const source of [...this.#fleet.sources]) {
      await this.#deleteFolded(source)
      await this.#endSuperseded(source)
      await this.#foldSource(source)
    }
    for (const [key, { revision, createdMs }] of [...this.#fleet.markers]) {
      if (!this.#isOld(createdMs)) continue
      await this.#bucket.removeMarker(key, revision)
      this.#fleet.forgetMarker(key)
    }
  }

  /** Delete entries that are in the sum: whoever wrote it may have ended before it could. */
  async #deleteFolded({ keys, entries }: FleetSource): Promise<void> {
    for (const text of [...keys]) {
      const key = decodeKey(text)
      if (key?.kind !== 'incarnation' || !entries.isFolded(key.incarnation)) continue
      const revision = this.#fleet.revisionOf(text)
      if (revision > 0) await this.#bucket.delete(text, revision)
    }
  }

  /** End incarnations that have a newer one beside them: the time they are kept begins again. */
  async #endSuperseded({ instance, engine, entries }: FleetSource): Promise<void> {
    for (const [incarnation, { report, revision, createdMs }] of [...entries.incarnations]) {
      const isSuperseded = incarnation < entries.newest && !entries.isFolded(incarnation)
      if (report.final || !isSuperseded || !this.#isOld(createdMs)) continue
      const key = encodeKey({ kind: 'incarnation', instance, engine, incarnation })
      const last = encodeReport({ ...report, final: true, timestampMs: this.#now() })
      await this.#bucket.put(key, last, revision)
    }
  }

  async #foldSource(source: FleetSource): Promise<void> {
    // All of it at once: what is known of the bucket changes while a request waits for its answer.
    const plan = this.#plan(source)
    if (plan === undefined) return
    for (const [key, revision] of plan.due) {
      const current = await this.#bucket.get(key)
      if (current?.value === undefined || current.revision !== revision) return
    }
    const current = await this.#bucket.get(plan.key)
    // A sum that was removed on purpose is not written again.
    if ((current?.value === undefined ? 0 : current.revision) !== plan.revision) return
    const written = await this.#bucket.put(plan.key, plan.value, current?.revision ?? 0)
    if (written === CONFLICT) {
      this.counts.conflicts++
      return
    }
    this.counts.folded += plan.due.length
    for (const [key, revision] of plan.due) await this.#bucket.delete(key, revision)
  }

  /** What to write for an engine, of what is known of it; undefined for nothing. */
  #plan({ instance, engine, keys, entries }: FleetSource): FoldPlan | undefined {
    const due = endedIncarnations(entries)
      .filter(([, { createdMs }]) => this.#isOld(createdMs))
      .slice(0, FOLDED_AT_ONCE_MAX)
    if (due.length === 0) return undefined
    const { folded } = entries
    const key = encodeKey({ kind: 'folded', instance, engine })
    // A sum that cannot be read here, such as one with other bucket bounds, is not replaced.
    if (keys.has(key) !== (folded !== undefined)) return undefined
    const numbers = due.map(([number]) => number)
    const known = folded?.incarnations ?? new FoldedIncarnations()
    const incarnations = known.with(numbers, remainingIncarnations(keys, numbers, entries))
    const parts = due.map(([, { report }]) => report.series)
    const series = sumOf(this.#layout, [folded?.report.series ?? [], ...parts])
    if (incarnations === undefined || series.length > REPORT_SERIES_MAX) return undefined
    const hasExtras = series.some(({ extras }) => extras !== undefined)
    const report = encodeReport({
      instance,
      engine,
      incarnation: Math.max(folded?.report.incarnation ?? 0, ...numbers),
      sequence: (folded?.report.sequence ?? 0) + 1,
      timestampMs: this.#now(),
      final: true,
      bounds: this.#layout.bounds,
      series,
      exemplars: [],
      ...(hasExtras && { inFlight: series.map(() => 0) }),
    })
    return {
      key,
      revision: folded?.revision ?? 0,
      value: encodeFolded({ incarnations, report }),
      due: due.map(([incarnation, { revision }]) => [
        encodeKey({ kind: 'incarnation', instance, engine, incarnation }),
        revision,
      ]),
    }
  }

  #isOld(createdMs: number): boolean {
    return this.#now() - createdMs >= this.#keptEndedMs
  }
}

/** The incarnations that have ended and are not in the sum yet, oldest first. */
function endedIncarnations(entries: SourceEntries): [number, SourceEntry][] {
  return [...entries.incarnations]
    .filter(([number, { report }]) => report.final && !entries.isFolded(number))
    .sort(([left], [right]) => left - right)
}

/** Incarnations that have a key, can be read or not, and will not be in the sum. */
function remainingIncarnations(
  keys: ReadonlySet<string>,
  numbers: readonly number[],
  entries: SourceEntries,
): number[] {
  return [...keys].flatMap((text) => {
    const key = decodeKey(text)
    if (key?.kind !== 'incarnation' || entries.isFolded(key.incarnation)) return []
    return numbers.includes(key.incarnation) ? [] : [key.incarnation]
  })
}

function sumOf(layout: BinLayout, lists: readonly (readonly PackedSeries[])[]): PackedSeries[] {
  const parts = new Map<string, PackedSeries[]>()
  for (const series of lists.flat()) {
    // The length tells where one name ends and the other begins.
    const name = `${series.operation.length} ${series.operation} ${series.status}`
    parts.set(name, [...(parts.get(name) ?? []), series])
  }
  return Array.from(parts.values(), (list) => {
    const [first] = list
    return first === undefined || list.length === 1 ? first : mergeSeries(layout, first, list)
  }).filter((series) => series !== undefined)
}
