import { engineIndex, refuseUnknownOptions, requireType } from '../options.js'
import { type CellLayout, DEFAULT_LAYOUT } from '../stats/cell-layout.js'
import { ConnectorStats } from '../stats/connector-stats.js'
import { type EngineReading, figuresOfStats, SummedReading } from '../stats/engine-reading.js'
import { SeriesLabelSet } from '../stats/series-labels.js'
import type { MetricsRegistry } from './metrics-registry.js'
import { registerStoreMetrics } from './store-metrics.js'

/** Options of `MooncakeStorePromMetrics`. */
export interface PromMetricsOptions {
  /** Where the five families are registered. */
  readonly registry: MetricsRegistry
  /** The value of the `model_name` label. */
  readonly modelName: string
  /** Where durations are counted; default vLLM's buckets. */
  readonly layout?: CellLayout
}

/** The stats limit the names already. */
const UNLIMITED = {
  operationsMax: Number.POSITIVE_INFINITY,
  statusesMax: Number.POSITIVE_INFINITY,
}

/** What was observed of an engine. */
interface ObservedEngine {
  readonly stats: ConnectorStats
  readonly labels: SeriesLabelSet
}

/**
 * vLLM's five Prometheus families of Mooncake store operations, fed with stats one has at hand.
 * An `EngineAggregator` registers them by itself.
 */
export class MooncakeStorePromMetrics {
  readonly #layout: CellLayout
  readonly #engines = new Map<number, ObservedEngine>()

  /** @throws MoonmeterError `INVALID_OPTION` for an unknown option */
  constructor(options: PromMetricsOptions) {
    refuseUnknownOptions('MooncakeStorePromMetrics', options, ['registry', 'modelName', 'layout'])
    const { registry, modelName, layout = DEFAULT_LAYOUT } = options
    requireType('modelName', 'string', modelName)
    this.#layout = layout
    const reset = () => this.#engines.clear()
    registerStoreMetrics(registry, modelName, layout, () => this.#collect(), reset)
  }

  /**
   * Add the rows of stats to what is exposed of an engine.
   *
   * @throws MoonmeterError `INVALID_ENGINE`, or `LAYOUT_MISMATCH` when the stats have other
   * buckets; nothing is added
   */
  observe(stats: ConnectorStats, index = 0): void {
    engineIndex(index)
    const engine = this.#engines.get(index) ?? {
      stats: new ConnectorStats({ layout: this.#layout, exactRowsMax: 0 }),
      labels: new SeriesLabelSet(String(index), UNLIMITED),
    }
    engine.stats.aggregate(stats)
    this.#engines.set(index, engine)
  }

  #collect(): EngineReading[] {
    const engines = [...this.#engines].sort(([left], [right]) => left - right)
    return engines.map(([, { stats, labels }]) => {
      const reading = new SummedReading(this.#layout)
      for (const { operation, status, stats: series } of stats.series()) {
        reading.add(labels.of(operation, status), figuresOfStats(series))
      }
      return reading
    })
  }
}
