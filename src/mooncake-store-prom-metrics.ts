import { Aggregation } from './aggregator/aggregation.js'
import { readShape, SHAPE_OPTIONS, type ShapeOptions } from './exposition/families/family-shape.js'
import { storeFamilies } from './exposition/families/store-families.js'
import { runYielding } from './run-yielding.js'
import { refuseUnknownOptions, requireType } from './options.js'
import type { MetricsRegistry } from './registry/metrics-registry.js'
import { registerFamilies } from './registry/register-families.js'
import { shareInTurn } from './registry/share-in-turn.js'
import { ColumnLayout } from './snapshot/column-layout.js'
import { engineIndex } from './source-identity.js'
import { BinLayout } from './stats/bin-layout.js'
import { type ConnectorStats, requireStats } from './stats/connector-stats.js'
import { readOperations } from './stats/known-operations.js'
import { NAMED_SERIES_MAX } from './stats/packed-series.js'

/** Options of `MooncakeStorePromMetrics`. */
export interface PromMetricsOptions extends ShapeOptions {
  /** The registry that the five families are registered in. */
  readonly registry: MetricsRegistry
  /** The value of the `model_name` label. */
  readonly modelName: string
  /**
   * Bucket upper bounds in seconds: at most 1,024 finite numbers, each larger than the one before;
   * `Infinity` may follow. Default vLLM's.
   */
  readonly bounds?: readonly number[]
  /**
   * Operations to expose from the start, as in `EngineAggregator`. An engine starts with its first
   * observed stats, which may be empty.
   */
  readonly operations?: readonly string[]
}

const OPTIONS = ['registry', 'modelName', 'bounds', 'operations', ...SHAPE_OPTIONS]

/** No limits, since the observed stats are already limited. */
const NO_LIMIT = Number.POSITIVE_INFINITY
const SETTINGS = {
  limits: { operationsMax: NO_LIMIT, statusesMax: NO_LIMIT },
  enginesMax: NO_LIMIT,
  seriesTotalMax: NO_LIMIT,
  payloadBytesMax: NO_LIMIT,
  intervalMs: NO_LIMIT,
  silentAfterMs: NO_LIMIT,
  now: Date.now,
  monotonicNow: () => performance.now(),
  onRejected: () => {},
  stats: {},
  durationsMax: 0,
} as const

/**
 * vLLM's five Prometheus families of Mooncake store operations, for stats that the caller passes.
 * `EngineAggregator` registers these families itself and needs no object of this class.
 */
export class MooncakeStorePromMetrics {
  readonly #layout: ColumnLayout
  #aggregation: Aggregation

  /**
   * @throws MoonmeterError `INVALID_OPTION` for an unknown option, bounds that are not ascending,
   * or a registry that rejects the metrics
   */
  constructor(options: PromMetricsOptions) {
    refuseUnknownOptions('MooncakeStorePromMetrics', options, OPTIONS)
    const { registry, modelName, bounds } = options
    requireType('modelName', 'string', modelName)
    const layout = new ColumnLayout(BinLayout.of(bounds))
    const operations = readOperations(options.operations, { 'the limit': NAMED_SERIES_MAX })
    const shape = readShape(options)
    const { perEngine } = shape
    const newAggregation = () => new Aggregation({ ...SETTINGS, layout, operations, perEngine })
    this.#layout = layout
    this.#aggregation = newAggregation()
    const reset = () => {
      this.#aggregation = newAggregation()
    }
    const read = shareInTurn(() => runYielding(this.#aggregation.scrape()))
    const families = storeFamilies(layout, { modelName, shape })
    registerFamilies(registry, families, read, reset)
  }

  /**
   * Add stats to the exposed series of an engine.
   *
   * @param engine the engine's index; default 0
   * @throws MoonmeterError `INVALID_ENGINE`, `INVALID_OPTION` for an argument that is not stats,
   * `LAYOUT_MISMATCH` for stats with other bucket bounds; nothing is added then
   */
  observe(stats: ConnectorStats, engine = 0): void {
    engineIndex(engine)
    requireStats('observe', stats).assertBounds(this.#layout.bins)
    this.#aggregation.addRows(stats, 0, { engine })
  }
}
