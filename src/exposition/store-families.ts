import { STORE_METRICS } from '../catalogue.js'
import type { ColumnLayout } from '../snapshot/column-layout.js'
import { partsOf, type SourceParts } from '../snapshot/source-snapshot.js'
import type { SeriesName } from '../stats/packed-series.js'
import type { FamilyShape } from './family-shape.js'
import {
  createdSeconds,
  histogramSamples,
  type Labels,
  SINGLE_SAMPLE,
  type SnapshotFamily,
  unitOf,
} from './metric-family.js'

/** What the families of the store are made with. */
export interface StoreFamilyOptions {
  readonly modelName: string
  readonly shape: FamilyShape
}

export function storeFamilies(
  layout: ColumnLayout,
  { modelName, shape }: StoreFamilyOptions,
): SnapshotFamily[] {
  const constantLabels = { model_name: modelName, ...shape.labels }
  return Object.values(STORE_METRICS).map((metric) => {
    const definition = shape.define(metric)
    const isHistogram = definition.shows === 'durations'
    const shapes = isHistogram ? histogramSamples(layout.bins.bounds) : SINGLE_SAMPLE
    const family: SnapshotFamily<SourceParts> = {
      definition,
      unit: unitOf(definition),
      constantLabels,
      shapesOf: () => shapes,
      groups: ({ sources }) => sources.map(partsOf),
      labelsOf: ({ key }) => shape.labelsOf(key),
      // The fields of a name are its labels.
      seriesOf: ({ table }) => table.names as readonly (SeriesName & Labels)[],
      read: ({ table: { names, columns } }, values, at) => {
        const start = layout.startOf(definition.shows, names.length)
        const count = names.length * shapes.length
        for (let index = 0; index < count; index++) values[at + index] = columns[start + index]
      },
      createdOf: ({ health }) => createdSeconds(health),
      ...(isHistogram && {
        bins: { layout: layout.bins, binsOf: ({ table }, series) => table.series[series].bins },
        // The buckets come first among the samples.
        exemplarOf: ({ table, exemplars }, series, shape) => {
          return exemplars.get(table.names[series])?.[shape]
        },
      }),
    }
    return family
  })
}
