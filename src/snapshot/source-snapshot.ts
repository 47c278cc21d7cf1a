import type { OTHER } from '../catalogue.js'
import type { ConnectorStats } from '../stats/connector-stats.js'
import type { SeriesName } from '../stats/packed-series.js'
import type { ColumnLayout } from './column-layout.js'
import { type ExemplarsBySeries, subtractExemplars } from './series-exemplars.js'
import { makeSeriesSnapshot, type SeriesData, type SeriesSnapshot } from './series-snapshot.js'
import { EMPTY_TABLE, type SeriesTable, subtractTables } from './series-table.js'

/** The key of an engine over all its incarnations: one object as long as the engine is known. */
export interface SourceKey {
  /** The instance of the engine; undefined without one. */
  readonly instance: string | undefined
  /** The engine's index, or `other` for all engines past the limit. */
  readonly engine: number | typeof OTHER
}

/** The health of an engine. */
export interface SourceHealth {
  /** Whether the engine has not ended and reported within the silence time-out. */
  readonly up: boolean
  /**
   * Whether further reports of the engine are expected: its newest incarnation has begun, and was
   * neither closed by its recorder nor disconnected. It stays open if its thread ended otherwise,
   * or if a pool no longer restarts the engine after failures.
   */
  readonly open: boolean
  /** The newest incarnation; 0 before the first. */
  readonly incarnation: number
  /**
   * The time at which the engine was first seen and its counters began, in milliseconds since 1970.
   * An engine that was dropped and added again has a new one.
   */
  readonly createdMs: number
  /** Number of payloads accepted. */
  readonly reports: number
  /** Bytes of the payloads accepted. */
  readonly reportBytes: number
  /**
   * The time at which the last payload was accepted, in milliseconds since 1970; null before the
   * first.
   */
  readonly lastReportMs: number | null
  /** Rows recorded over all incarnations. */
  readonly rows: number
  /** Restarts by the pool, by the reason why the engine ended. */
  readonly restarts: Readonly<Record<string, number>>
}

/** The content of a `SourceSnapshot` as plain data. */
export interface SourceData
  extends Pick<SourceSnapshot, 'instance' | 'engine' | 'health' | 'inFlight'> {
  /** The series of the engine, in the order in which they were first seen. */
  readonly series: readonly SeriesData[]
}

/** The parts that a source snapshot is created from. */
export interface SourceParts {
  readonly key: SourceKey
  readonly layout: ColumnLayout
  readonly table: SeriesTable
  readonly health: SourceHealth
  readonly exemplars: ExemplarsBySeries
  /** Calls in flight by operation; undefined if extra metrics are not enabled. */
  readonly inFlight?: ReadonlyMap<string, number> | undefined
  /** Single durations in seconds per series, if the snapshot contains them. */
  readonly durations?: ReadonlyMap<SeriesName, readonly Float64Array[]> | undefined
}

/**
 * The parts of a source snapshot, for readers of this package. It is not a getter, since users
 * could then change the arrays, which snapshots and the aggregator share.
 */
export let partsOf: (source: SourceSnapshot) => SourceParts

/** One engine in a snapshot. */
export class SourceSnapshot {
  static {
    partsOf = (source) => source.#parts
  }

  /** The host or process of the engine, if it has one. */
  readonly instance?: string
  /** The engine's index, or `other` for all engines past the limit. */
  readonly engine: number | typeof OTHER
  /** The health of the engine. */
  readonly health: SourceHealth
  /**
   * Calls in flight by operation; absent if the option `extraMetrics` enables no metric. An engine
   * that has ended has none.
   */
  readonly inFlight?: Readonly<Record<string, number>>
  readonly #parts: SourceParts
  #series: readonly SeriesSnapshot[] | undefined

  /** @internal */
  constructor(parts: SourceParts) {
    const { instance, engine } = parts.key
    if (instance !== undefined) this.instance = instance
    this.engine = engine
    Object.freeze(parts.health.restarts)
    this.health = Object.freeze(parts.health)
    const { inFlight } = parts
    if (inFlight !== undefined) this.inFlight = Object.freeze(Object.fromEntries(inFlight))
    this.#parts = parts
    Object.freeze(this)
  }

  /**
   * The series of the engine: those of the option `operations` first, then others in the order in
   * which they were first seen.
   */
  get series(): readonly SeriesSnapshot[] {
    const { layout, table, exemplars } = this.#parts
    this.#series ??= Object.freeze(
      table.series.map((series, index) => {
        const name = table.names[index]
        return makeSeriesSnapshot(layout, name, series, exemplars.get(name))
      }),
    )
    return this.#series
  }

  /** The difference of this source and an earlier snapshot of it. @internal */
  since(earlier: SourceSnapshot | undefined): SourceSnapshot {
    const { layout, table, exemplars } = this.#parts
    const before = earlier?.health
    const { health } = this
    const restarts = Object.entries(health.restarts).map(([reason, count]) => [
      reason,
      count - (before?.restarts[reason] ?? 0),
    ])
    return new SourceSnapshot({
      ...this.#parts,
      table: subtractTables(
        layout,
        table,
        earlier === undefined ? EMPTY_TABLE : earlier.#parts.table,
      ),
      exemplars: earlier ? subtractExemplars(exemplars, earlier.#parts.exemplars) : exemplars,
      health: {
        ...health,
        reports: health.reports - (before?.reports ?? 0),
        reportBytes: health.reportBytes - (before?.reportBytes ?? 0),
        rows: health.rows - (before?.rows ?? 0),
        restarts: Object.fromEntries(restarts),
      },
    })
  }

  /** Add all series to stats. @internal */
  addTo(stats: ConnectorStats): void {
    const { table, durations } = this.#parts
    for (const [index, name] of table.names.entries()) {
      // An operation without rows must not make the stats non-empty.
      if (table.series[index].rows === 0) continue
      stats.addPacked({ ...table.series[index], ...name }, durations?.get(name))
    }
  }

  /** The content as plain data. */
  toJSON(): SourceData {
    const { instance, engine, health, inFlight, series } = this
    const plain = series.map((one) => one.toJSON())
    const data = { engine, health, ...(inFlight && { inFlight }), series: plain }
    return instance === undefined ? data : { instance, ...data }
  }
}
