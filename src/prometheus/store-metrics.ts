import { STORE_METRICS } from '../catalogue.js'
import type { CellLayout } from '../stats/cell-layout.js'
import { boundLabel } from '../stats/python-float.js'
import type { SeriesLabels } from '../stats/series-labels.js'
import type { EngineSeries } from '../stats/series-reading.js'
import { LabelSet, type SampleSink } from './label-set.js'
import type { MetricsRegistry } from './metrics-registry.js'
import { oncePerTurn } from './once-per-turn.js'
import { RegisteredMetric } from './registered-metric.js'

/** Answers every series of every engine, engines and operations in the order to be shown. */
export type SeriesSource = () => readonly EngineSeries[]

/** The five families of store operations, registered in a registry and read from a source. */
export class StoreMetrics {
  readonly #modelName: string
  readonly #bounds: readonly string[]
  readonly #source: SeriesSource
  /** The text of labels, which is gone with the series. */
  readonly #labels = new WeakMap<SeriesLabels, LabelSet>()

  constructor(
    registry: MetricsRegistry,
    modelName: string,
    layout: CellLayout,
    source: SeriesSource,
    reset?: () => void,
  ) {
    this.#modelName = modelName
    this.#bounds = [...layout.bounds, Number.POSITIVE_INFINITY].map(boundLabel)
    this.#source = oncePerTurn(source)
    const { durationSeconds, operations, keys, bytes, failedKeys } = STORE_METRICS
    const families = [
      new RegisteredMetric(durationSeconds, registry, (sink) => this.#writeHistogram(sink), reset),
      this.#counter(operations, registry, ({ reading }) => reading.rows),
      this.#counter(keys, registry, ({ reading }) => reading.numKeys),
      this.#counter(bytes, registry, ({ reading }) => reading.numBytes),
      this.#counter(failedKeys, registry, ({ reading }) => reading.numFailedKeys),
    ]
    for (const family of families) family.register()
  }

  #counter(
    definition: (typeof STORE_METRICS)[keyof typeof STORE_METRICS],
    registry: MetricsRegistry,
    pick: (series: EngineSeries) => number,
  ): RegisteredMetric {
    return new RegisteredMetric(definition, registry, (sink) => {
      for (const series of this.#source()) {
        sink.sample('', this.#labelsOf(series), undefined, pick(series))
      }
    })
  }

  #writeHistogram(sink: SampleSink): void {
    for (const series of this.#source()) {
      const labels = this.#labelsOf(series)
      const { buckets, durationSum, rows } = series.reading
      let cumulative = 0
      for (let bucket = 0; bucket < buckets.length; bucket++) {
        cumulative += buckets[bucket]
        sink.sample('_bucket', labels, this.#bounds[bucket], cumulative)
      }
      sink.sample('_sum', labels, undefined, durationSum.toNumber())
      sink.sample('_count', labels, undefined, rows)
    }
  }

  #labelsOf({ labels }: EngineSeries): LabelSet {
    const known = this.#labels.get(labels)
    if (known !== undefined) return known
    const { engine, operation, status } = labels
    const made = new LabelSet({ model_name: this.#modelName, engine, operation, status })
    this.#labels.set(labels, made)
    return made
  }
}
