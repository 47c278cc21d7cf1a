import { MoonmeterError, type RejectionReason } from '../errors.js'
import type { ConnectorStats } from '../stats/connector-stats.js'
import type { ColumnLayout } from './column-layout.js'
import { partsOf, type SourceData, type SourceKey, type SourceSnapshot } from './source-snapshot.js'

/** The content of a `Snapshot` as plain data. */
export interface SnapshotData
  extends Pick<Snapshot, 'timestampMs' | 'elapsedMs' | 'bounds' | 'rejections'> {
  /** The engines, sorted as in the snapshot. */
  readonly sources: readonly SourceData[]
}

/** The parts that a snapshot is created from. */
type SnapshotParts = Pick<Snapshot, 'timestampMs' | 'elapsedMs' | 'sources' | 'rejections'> & {
  readonly layout: ColumnLayout
  readonly isInterval?: boolean
  readonly total?: SourceSnapshot
}

/** The sum over all engines as one source, if a snapshot has it; for readers of this package. */
export let totalOf: (snapshot: Snapshot) => SourceSnapshot | undefined

/**
 * All engines at one moment, or over an interval; immutable. The exposition, the log line and all
 * other outputs are created from snapshots.
 *
 * `later.since(earlier)` is the interval between two. Each reader keeps its own earlier snapshot,
 * independent of other readers.
 */
export class Snapshot {
  static {
    totalOf = (snapshot) => snapshot.#total
  }

  /** The time of the snapshot, in milliseconds since 1970. */
  readonly timestampMs: number
  /**
   * Milliseconds that it covers: since the aggregator was created, or since the earlier snapshot.
   */
  readonly elapsedMs: number
  /** Bucket upper bounds in seconds, ascending, without `+Inf`. */
  readonly bounds: readonly number[]
  /**
   * The engines, sorted by instance and index; the last may be `other`, for all engines past the
   * limit.
   */
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
   * The interval from an earlier snapshot of the same aggregator to this one, as a snapshot of the
   * differences. Series without new rows are not included; `up`, `incarnation`, `createdMs` and
   * `lastReportMs` are those of this snapshot. A source that was dropped and added again in between
   * counts from zero.
   *
   * @throws MoonmeterError `LAYOUT_MISMATCH` when the snapshots are not of one aggregator, or
   * `earlier` is the later one
   */
  since(earlier: Snapshot): Snapshot {
    // `instanceof` accepts any object with the prototype; only real instances have the private
    // fields.
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

  /** Add all series to stats. @internal */
  addTo(stats: ConnectorStats): void {
    for (const source of this.sources) source.addTo(stats)
  }

  /** Add the rows since an earlier snapshot to stats, in steps of one source. @internal */
  *addIntervalTo(stats: ConnectorStats, earlier: Snapshot): Generator<void> {
    const before = earlier.#sourcesByKey()
    for (const source of this.sources) {
      source.since(before.get(partsOf(source).key)).addTo(stats)
      yield
    }
  }

  /** The content as plain data, for `JSON.stringify` and other threads. */
  toJSON(): SnapshotData {
    const { timestampMs, elapsedMs, bounds, rejections, sources } = this
    const plain = sources.map((source) => source.toJSON())
    return { timestampMs, elapsedMs, bounds, sources: plain, rejections }
  }

  #sourcesByKey(): ReadonlyMap<SourceKey, SourceSnapshot> {
    return new Map(this.sources.map((source) => [partsOf(source).key, source]))
  }
}
