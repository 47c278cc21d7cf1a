import { type MetricDefinition, STORE_METRICS } from '../catalogue.js'
import type { CellLayout } from '../stats/cell-layout.js'
import type { EngineReading } from '../stats/engine-reading.js'
import type { MetricsRegistry } from './metrics-registry.js'
import { oncePerTurn } from './once-per-turn.js'
import { RegisteredMetric } from './registered-metric.js'
import { histogramLines, type LineShape, SINGLE_LINE } from './sample-source.js'

/** Answers the series of every engine, engines in the order to be shown. */
export type ReadingSource = () => readonly EngineReading[]

/** Register the five families of store operations, read from a source at every scrape. */
export function registerStoreMetrics(
  registry: MetricsRegistry,
  modelName: string,
  layout: CellLayout,
  read: ReadingSource,
  reset: () => void = () => {},
): void {
  const groups = oncePerTurn(read)
  const constantLabels = { model_name: modelName }
  const { length, rows, keys, bytes, failedKeys } = layout.figures
  /** @param first number of the figure that the first of the lines shows */
  const family = (definition: MetricDefinition, lines: readonly LineShape[], first: number) => {
    const source = {
      lines,
      groups,
      labels: ({ labels }: EngineReading) => labels,
      read: ({ figures }: EngineReading, values: Float64Array, at: number) => {
        // What a family shows of all series stands together.
        const series = figures.length / length
        const start = series * first
        const count = series * lines.length
        for (let index = 0; index < count; index++) values[at + index] = figures[start + index]
      },
    }
    return new RegisteredMetric(definition, registry, source, { constantLabels, reset })
  }
  const families = [
    family(STORE_METRICS.durationSeconds, histogramLines(layout.bounds), 0),
    family(STORE_METRICS.operations, SINGLE_LINE, rows),
    family(STORE_METRICS.keys, SINGLE_LINE, keys),
    family(STORE_METRICS.bytes, SINGLE_LINE, bytes),
    family(STORE_METRICS.failedKeys, SINGLE_LINE, failedKeys),
  ]
  for (const made of families) made.register()
}
