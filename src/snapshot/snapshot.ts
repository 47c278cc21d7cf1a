import { MoonmeterError, type RejectionReason } from '../errors.js'
import type { ConnectorStats } from '../stats/connector-stats.js'
import type { ColumnLayout } from './column-layout.js'
import { partsOf, type SourceData, type SourceKey, type SourceSnapshot } from './source-snapshot.js'

/** The content of a `Snapshot` as plain data. */
export interface SnapshotData
  extends Pick<Snapshot, 'timestampMs' | 'elapsedMs' | 'bounds' | 'rejections'> {
  /** The engines, in the order of the snapshot. */
  readonly sources: readonly SourceData[]
}

/** What a snapshot is made of. */
type SnapshotParts = Pick<Snapshot, 'timestampMs' | 'elapsedMs' | 'sources' | 'rejections'> & {
  readonly layout: ColumnLayout
  readonly isInterval?: boolean
  readonly total?: SourceSnapshot
}

/**
 * The sum over all engines, as if it were one engine, where a snapshot has it; for readers inside this
 * package.
 */
export let totalOf: (snapshot: Snapshot) => SourceSnapshot | undefined

/**
 * All engines at one moment, or over an interval. It never changes and has no format of its own: the
 * exposition, the log line and everything else that shows numbers reads snapshots.
 *
 * `later.since(earlier)` is the interval between two. Readers that keep their own earlier snapshot
 * do not disturb each other.
 */
export class Snapshot {
  static {
    totalOf = (snapshot) => snapshot.#total
  }

  /** When it was taken, in milliseconds since 1970. */
  readonly timestampMs: number
  /** Milliseconds that it covers: since the aggregator was made, or since the earlier snapshot. */
  readonly elapsedMs: number
  /** Bucket upper bounds in seconds, ascending, `+Inf` left out. */
  readonly bounds: readonly number[]
  /** Engines by instance and index, and last the one that stands for all past the limit. */
  readonly sources: readonly SourceSnapshot[]
  /** Payloads rejected, by reason. */
  readonly rejections: Readonly<Record<RejectionReason, number>>
  readonly #layout: ColumnLayout
  readonly #isInterval: boolean
  readonly #total: SourceSnapshot | undefined

  /** @internal */
  constructor(parts: SnapshotParts) {
    const { layout, timestampMs, elapsedMs, sources, rejections, isInterval = false } = parts
    this.#layout = layout
    this.#isInterval = isInterval
    this.#total = parts.total
    this.timestampMs = timestampMs
    this.elapsedMs = elapsedMs
    this.bounds = layout.bins.bounds
    this.sources = Object.freeze(sources)
    this.rejections = Object.freeze(rejections)
    Object.freeze(this)
  }

  /** This snapshot with the sum over all engines. @internal */
  withTotal(total: SourceSnapshot): Snapshot {
    const { timestampMs, elapsedMs, sources, rejections } = this
    const layout = this.#layout
    return new Snapshot({ layout, timestampMs, elapsedMs, sources, rejections, total })
  }

  /** Number of rows over all sources. */
  get rows(): number {
    return this.sources.reduce((rows, { health }) => rows + health.rows, 0)
  }

  /**
   * The interval from an earlier snapshot of the same aggregator to this one: what each source
   * counted meanwhile, with the same shape. Series without new rows are left out; `up`,
   * `incarnation`, `createdMs` and `lastReportMs` are those of this snapshot. A source that was
   * dropped and came back in between counts from zero.
   *
   * @throws MoonmeterError `LAYOUT_MISMATCH` when the snapshots are not of one aggregator, or the
   * other is the later one
   */
  since(earlier: Snapshot): Snapshot {
    // Any object can be given the prototype of a class, but not its private fields.
    const isSnapshot = typeof earlier === 'object' && earlier !== null && #layout in earlier
    const isFitting =
      isSnapshot && earlier.#layout === this.#layout && !earlier.#isInterval && !this.#isInterval
    if (!isFitting || earlier.elapsedMs > this.elapsedMs) {
      const got = isFitting ? 'a later one' : isSnapshot ? 'one of another kind' : typeof earlier
      throw new MoonmeterError(
        'LAYOUT_MISMATCH',
        `since: expected an earlier snapshot of the same aggregator, no interval, got ${got}; ` +
          'call later.since(earlier) with two results of aggregator.snapshot()',
      )
    }
    const before = earlier.#sourcesByKey()
    const reasons = Object.keys(this.rejections) as RejectionReason[]
    const rejections = reasons.map((reason) => [
      reason,
      this.rejections[reason] - earlier.rejections[reason],
    ])
    return new Snapshot({
      layout: this.#layout,
      timestampMs: this.timestampMs,
      elapsedMs: this.elapsedMs - earlier.elapsedMs,
      sources: this.sources.map((source) => source.since(before.get(partsOf(source).key))),
      rejections: Object.fromEntries(rejections) as Record<RejectionReason, number>,
      isInterval: true,
    })
  }

  /** Add all series to stats, under the names that they have here. @internal */
  addTo(stats: ConnectorStats): void {
    for (const source of this.sources) source.addTo(stats)
  }

  /** Add what each source counted since an earlier snapshot to stats, a source a step. @internal */
  *addIntervalTo(stats: ConnectorStats, earlier: Snapshot): Generator<void> {
    const before = earlier.#sourcesByKey()
    for (const source of this.sources) {
      source.since(before.get(partsOf(source).key)).addTo(stats)
      yield
    }
  }

  /** The same as plain data, for `JSON.stringify` and other threads. */
  toJSON(): SnapshotData {
    const { timestampMs, elapsedMs, bounds, rejections, sources } = this
    const plain = sources.map((source) => source.toJSON())
    return { timestampMs, elapsedMs, bounds, sources: plain, rejections }
  }

  #sourcesByKey(): ReadonlyMap<SourceKey, SourceSnapshot> {
    return new Map(this.sources.map((source) => [partsOf(source).key, source]))
  }
}
