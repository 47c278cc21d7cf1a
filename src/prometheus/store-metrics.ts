import { STORE_METRICS } from '../catalogue.js'
import type { CellLayout } from '../stats/cell-layout.js'
import type { SeriesLabels } from '../stats/series-labels.js'
import type { EngineSeries, SeriesReading } from '../stats/series-reading.js'
import { BoundSet } from './bound-set.js'
import { LabelSet } from './label-set.js'
import type { MetricsRegistry } from './metrics-registry.js'
import { oncePerTurn } from './once-per-turn.js'
import { RegisteredMetric } from './registered-metric.js'
import type { SampleSink } from './sample-sink.js'

/** Answers every series of every engine, engines and operations in the order to be shown. */
export type SeriesSource = () => readonly EngineSeries[]

/** A series with the text of its labels. */
interface LabelledReading {
  readonly labels: LabelSet
  readonly reading: SeriesReading
}

/** The five families of store operations, registered in a registry and read from a source. */
export class StoreMetrics {
  readonly #modelName: string
  readonly #bounds: BoundSet
  readonly #source: () => readonly LabelledReading[]
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
    this.#bounds = new BoundSet(layout.bounds)
    this.#source = oncePerTurn(() => this.#read(source))
    const { durationSeconds, operations, keys, bytes, failedKeys } = STORE_METRICS
    const families = [
      new RegisteredMetric(
        durationSeconds,
        registry,
        (sink) => this.#histogramSamples(sink, this.#source()),
        reset,
      ),
      this.#counter(operations, registry, (reading) => reading.rows),
      this.#counter(keys, registry, (reading) => reading.numKeys),
      this.#counter(bytes, registry, (reading) => reading.numBytes),
      this.#counter(failedKeys, registry, (reading) => reading.numFailedKeys),
    ]
    for (const family of families) family.register()
  }

  #counter(
    definition: (typeof STORE_METRICS)[keyof typeof STORE_METRICS],
    registry: MetricsRegistry,
    pick: (reading: SeriesReading) => number,
  ): RegisteredMetric {
    return new RegisteredMetric(definition, registry, (sink) =>
      counterSamples(sink, this.#source(), pick),
    )
  }

  /** The series with the text of their labels, looked up once for all families of a scrape. */
  #read(source: SeriesSource): LabelledReading[] {
    return source().map(({ labels, reading }) => {
      let text = this.#labels.get(labels)
      if (text === undefined) {
        const { engine, operation, status } = labels
        text = new LabelSet({ model_name: this.#modelName, engine, operation, status })
        this.#labels.set(labels, text)
      }
      return { labels: text, reading }
    })
  }

  *#histogramSamples(sink: SampleSink, all: readonly LabelledReading[]): Generator<void> {
    for (const { labels, reading } of all) {
      const { buckets, durationSum, rows } = reading
      sink.buckets('_bucket', labels, this.#bounds, buckets)
      sink.sample('_sum', labels, durationSum.toNumber())
      yield sink.sample('_count', labels, rows)
    }
  }
}

function* counterSamples(
  sink: SampleSink,
  all: readonly LabelledReading[],
  pick: (reading: SeriesReading) => number,
): Generator<void> {
  for (const { labels, reading } of all) {
    yield sink.sample('', labels, pick(reading))
  }
}
