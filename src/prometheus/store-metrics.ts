import { type MetricDefinition, STORE_METRICS } from '../catalogue.js'
import type { CellLayout } from '../stats/cell-layout.js'
import type { EngineSeries, SeriesReading } from '../stats/series-reading.js'
import type { MetricsRegistry } from './metrics-registry.js'
import { oncePerTurn } from './once-per-turn.js'
import { RegisteredMetric } from './registered-metric.js'
import { histogramLines, type LineShape, type SampleSource, SINGLE_LINE } from './sample-source.js'

/** Answers every series of every engine, engines and operations in the order to be shown. */
export type EngineSeriesSource = () => readonly EngineSeries[]

/** Register the five families of store operations, read from a source at every scrape. */
export function registerStoreMetrics(
  registry: MetricsRegistry,
  modelName: string,
  layout: CellLayout,
  collect: EngineSeriesSource,
  reset: () => void = () => {},
): void {
  const series = oncePerTurn(collect)
  const constantLabels = { model_name: modelName }
  const family = (
    definition: MetricDefinition,
    lines: readonly LineShape[],
    read: (reading: SeriesReading, values: Float64Array, at: number) => void,
  ) => {
    const source: SampleSource<EngineSeries> = {
      lines,
      series,
      labels: ({ labels }) => labels,
      read: ({ reading }, values, at) => read(reading, values, at),
    }
    return new RegisteredMetric(definition, registry, source, { constantLabels, reset })
  }
  const counter = (definition: MetricDefinition, pick: (reading: SeriesReading) => number) =>
    family(definition, SINGLE_LINE, (reading, values, at) => {
      values[at] = pick(reading)
    })
  const { durationSeconds, operations, keys, bytes, failedKeys } = STORE_METRICS
  const families = [
    family(durationSeconds, histogramLines(layout.bounds), readHistogram),
    counter(operations, ({ rows }) => rows),
    counter(keys, ({ numKeys }) => numKeys),
    counter(bytes, ({ numBytes }) => numBytes),
    counter(failedKeys, ({ numFailedKeys }) => numFailedKeys),
  ]
  for (const made of families) made.register()
}

function readHistogram(reading: SeriesReading, values: Float64Array, at: number): void {
  const { buckets, durationSum, rows } = reading
  let cumulative = 0
  for (let bucket = 0; bucket < buckets.length; bucket++) {
    cumulative += buckets[bucket]
    values[at + bucket] = cumulative
  }
  values[at + buckets.length] = durationSum.toNumber()
  values[at + buckets.length + 1] = rows
}
