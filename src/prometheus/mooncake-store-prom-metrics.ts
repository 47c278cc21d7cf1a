import { engineIndex, refuseUnknownOptions } from '../options.js'
import { type CellLayout, DEFAULT_LAYOUT } from '../stats/cell-layout.js'
import { ConnectorStats } from '../stats/connector-stats.js'
import { type EngineSeries, SeriesReading } from '../stats/series-reading.js'
import type { MetricsRegistry } from './metrics-registry.js'
import { StoreMetrics } from './store-metrics.js'

/** Options of `MooncakeStorePromMetrics`. */
export interface PromMetricsOptions {
  /** Where the five families are registered. */
  readonly registry: MetricsRegistry
  /** The value of the `model_name` label. */
  readonly modelName: string
  /** Where durations are counted; default vLLM's buckets. */
  readonly layout?: CellLayout
}

/**
 * vLLM's five Prometheus families of Mooncake store operations, fed with stats one has at hand.
 * An `EngineAggregator` registers them by itself.
 */
export class MooncakeStorePromMetrics {
  readonly #layout: CellLayout
  readonly #engines = new Map<number, ConnectorStats>()

  /** @throws MoonmeterError `INVALID_OPTION` for an unknown option */
  constructor(options: PromMetricsOptions) {
    refuseUnknownOptions('MooncakeStorePromMetrics', options, ['registry', 'modelName', 'layout'])
    const { registry, modelName, layout = DEFAULT_LAYOUT } = options
    this.#layout = layout
    const reset = () => this.#engines.clear()
    new StoreMetrics(registry, modelName, layout, () => this.#collect(), reset)
  }

  /**
   * Add the rows of stats to what is exposed of an engine.
   *
   * @throws MoonmeterError `INVALID_ENGINE`, or `LAYOUT_MISMATCH` when the stats have other
   * buckets; nothing is added
   */
  observe(stats: ConnectorStats, engine = 0): void {
    const index = engineIndex(engine)
    const known = this.#engines.get(index)
    const total = known ?? new ConnectorStats({ layout: this.#layout, exactRowsMax: 0 })
    total.aggregate(stats)
    if (known === undefined) this.#engines.set(index, total)
  }

  #collect(): EngineSeries[] {
    const engines = [...this.#engines].sort(([left], [right]) => left - right)
    return engines.flatMap(([engine, stats]) =>
      [...stats.series()].map(({ operation, status, stats: series }) => {
        const reading = new SeriesReading(this.#layout)
        reading.addStats(series)
        return { engine, operation, status, reading }
      }),
    )
  }
}
