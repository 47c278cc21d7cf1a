import { STORE_METRICS } from '../catalogue.js'
import type { ColumnLayout } from '../snapshot/column-layout.js'
import { partsOf, type SourceParts } from '../snapshot/source-snapshot.js'
import type { SeriesName } from '../stats/packed-series.js'
import {
  histogramSamples,
  type Labels,
  type MetricFamily,
  SINGLE_SAMPLE,
  sourceLabels,
} from './metric-family.js'

export function storeFamilies(layout: ColumnLayout, modelName: string): MetricFamily[] {
  const constantLabels = { model_name: modelName }
  return Object.values(STORE_METRICS).map((definition) => {
    const isHistogram = definition.shows === 'durations'
    const shapes = isHistogram ? histogramSamples(layout.bins.bounds) : SINGLE_SAMPLE
    const family: MetricFamily<SourceParts> = {
      definition,
      constantLabels,
      shapes,
      groups: ({ sources }) => sources.map(partsOf),
      labelsOf: ({ key }) => sourceLabels(key),
      // The fields of a name are its labels.
      seriesOf: ({ table }) => table.names as readonly (SeriesName & Labels)[],
      read: ({ table: { names, columns } }, values, at) => {
        const start = layout.startOf(definition.shows, names.length)
        const count = names.length * shapes.length
        for (let index = 0; index < count; index++) values[at + index] = columns[start + index]
      },
    }
    return family
  })
}
