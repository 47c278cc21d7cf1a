import type { BinLayout } from '../stats/bin-layout.js'
import { mergeSeries, type PackedSeries, REPORT_SERIES_MAX } from '../stats/packed-series.js'
import { encodeReport } from '../wire/report.js'
import { REPORT_REASONS_MAX, sumRestarts } from '../wire/report-restarts.js'
import { CONFLICT, type EntryStore } from './bucket.js'
import { decodeKey, encodeKey } from './entry-key.js'
import type { Fleet, FleetSource } from './fleet.js'
import { encodeFolded, FoldedIncarnations } from './folded-entry.js'
import type { SourceEntries, SourceEntry } from './source-entries.js'

/** Maximum number of incarnations of one engine that one write folds. */
const FOLDED_AT_ONCE_MAX = 64

/** Counts of the folding of ended incarnations. */
export interface FoldCounts {
  /** Incarnations that were added to the sum of their engine. */
  folded: number
  /** Sums that were not written, because another aggregator had written them meanwhile. */
  conflicts: number
}

/** A folded entry to write. */
interface FoldPlan {
  readonly key: string
  /** The revision of the folded entry that the sum was computed from; 0 for none. */
  readonly revision: number
  readonly value: Uint8Array
  /** The keys and revisions of the entries that were added. */
  readonly due: readonly (readonly [key: string, revision: number])[]
}

/**
 * Removes the entries of incarnations that ended some time ago. Before that, they are added to one
 * entry of their engine (they are *folded*), so that no total goes down.
 *
 * Any number of aggregators may fold at the same time, and may end at any point:
 *
 * - The folded entry lists the incarnations that it contains. A reader counts an incarnation either
 *   by its own entry or by the folded one, so an entry that was added and is not deleted yet counts
 *   once.
 * - The folded entry is written only if it still has the revision that it was computed from. Of two
 *   aggregators, one writes it; the other finds the incarnations in the list at the next attempt.
 * - An entry is read from the server before it is added, and deleted only if it still has that
 *   revision. A second deletion changes nothing.
 *
 * An incarnation ends with its last report. If an engine has a newer incarnation, and an older one
 * has made no put for `keptEndedMs`, the folder ends the older one: it writes the report again as
 * the last one, if the revision of the entry has not changed. So the server acknowledges no put
 * between the sum and the deletion; an engine that still runs gets a conflict. The newest
 * incarnation of an engine is never ended.
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

  /** Fold the incarnations that are due, and delete their entries. */
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

  /**
   * Delete entries that are in the sum. The aggregator that wrote the sum may have ended before it
   * deleted them.
   */
  async #deleteFolded({ keys, entries }: FleetSource): Promise<void> {
    for (const text of [...keys]) {
      const key = decodeKey(text)
      if (key?.kind !== 'incarnation' || !entries.isFolded(key.incarnation)) continue
      const revision = this.#fleet.revisionOf(text)
      if (revision > 0) await this.#bucket.delete(text, revision)
    }
  }

  /** End incarnations that a newer one supersedes. `keptEndedMs` begins again for them. */
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
    // Planned in one turn, since the known entries change while a request waits for its answer.
    const plan = this.#plan(source)
    if (plan === undefined) return
    for (const [key, revision] of plan.due) {
      const current = await this.#bucket.get(key)
      if (current?.value === undefined || current.revision !== revision) return
    }
    const current = await this.#bucket.get(plan.key)
    // A sum that `removeSource` deleted is not written again.
    if ((current?.value === undefined ? 0 : current.revision) !== plan.revision) return
    const written = await this.#bucket.put(plan.key, plan.value, current?.revision ?? 0)
    if (written === CONFLICT) {
      this.counts.conflicts++
      return
    }
    this.counts.folded += plan.due.length
    for (const [key, revision] of plan.due) await this.#bucket.delete(key, revision)
  }

  /**
   * The folded entry to write for an engine, computed from the known entries; undefined for none.
   */
  #plan({ instance, engine, keys, entries }: FleetSource): FoldPlan | undefined {
    const due = endedIncarnations(entries)
      .filter(([, { createdMs }]) => this.#isOld(createdMs))
      .slice(0, FOLDED_AT_ONCE_MAX)
    if (due.length === 0) return undefined
    const { folded } = entries
    const key = encodeKey({ kind: 'folded', instance, engine })
    // A sum that this aggregator cannot read, such as one with other bucket bounds, is not
    // replaced.
    if (keys.has(key) !== (folded !== undefined)) return undefined
    const numbers = due.map(([number]) => number)
    const known = folded?.incarnations ?? new FoldedIncarnations()
    const incarnations = known.with(numbers, remainingIncarnations(keys, numbers, entries))
    const parts = due.map(([, { report }]) => report.series)
    const series = sumOf(this.#layout, [folded?.report.series ?? [], ...parts])
    const reports = [folded, ...due.map(([, entry]) => entry)].map((entry) => entry?.report)
    const restarts = sumRestarts(reports.map((report) => report?.restarts))
    const isTooLong =
      series.length > REPORT_SERIES_MAX || (restarts?.size ?? 0) > REPORT_REASONS_MAX
    if (incarnations === undefined || isTooLong) return undefined
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
      restarts,
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

/** Incarnations that have a key, readable or not, and are not going to be in the sum. */
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
    // The length separates the two names.
    const name = `${series.operation.length} ${series.operation} ${series.status}`
    parts.set(name, [...(parts.get(name) ?? []), series])
  }
  return Array.from(parts.values(), (list) => {
    const [first] = list
    return first === undefined || list.length === 1 ? first : mergeSeries(layout, first, list)
  }).filter((series) => series !== undefined)
}
