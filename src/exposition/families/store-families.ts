import { EXTRA_COUNTER_METRICS, type ExtraMetric, STORE_METRICS } from '../../catalogue.js'
import type { ColumnLayout } from '../../snapshot/column-layout.js'
import { partsOf, type SourceParts } from '../../snapshot/source-snapshot.js'
import type { SeriesName } from '../../stats/packed-series.js'
import {
  createdSeconds,
  histogramSamples,
  type Labels,
  SINGLE_SAMPLE,
  type SnapshotFamily,
  unitOf,
} from '../metric-family.js'
import type { FamilyShape } from './family-shape.js'
import { inFlightFamily } from './in-flight-family.js'

/** Options of the store's families. */
export interface StoreFamilyOptions {
  readonly modelName: string
  readonly shape: FamilyShape
  /** Metrics in addition to vLLM's; the layout contains their counters. */
  readonly extraMetrics?: readonly ExtraMetric[]
}

export function storeFamilies(
  layout: ColumnLayout,
  { modelName, shape, extraMetrics = [] }: StoreFamilyOptions,
): SnapshotFamily[] {
  const constantLabels = { model_name: modelName, ...shape.labels }
  const extras = extraMetrics.flatMap((name) => {
    return name === 'in_flight' ? [] : [EXTRA_COUNTER_METRICS[name]]
  })
  const families = [...Object.values(STORE_METRICS), ...extras].map((metric) => {
    const definition = shape.define(metric)
    const isHistogram = definition.shows === 'durations'
    const shapes = isHistogram ? histogramSamples(layout.bins.bounds) : SINGLE_SAMPLE
    const family: SnapshotFamily<SourceParts> = {
      definition,
      unit: unitOf(definition),
      constantLabels,
      shapesOf: () => shapes,
      groups: (snapshot) => shape.sourcesOf(snapshot).map(partsOf),
      labelsOf: ({ key }) => shape.labelsOf(key),
      // The fields of a `SeriesName` are the labels of the series.
      seriesOf: ({ table }) => table.names as readonly (SeriesName & Labels)[],
      read: ({ table: { names, columns } }, values, at) => {
        const start = layout.startOf(definition.shows, names.length)
        const count = names.length * shapes.length
        for (let index = 0; index < count; index++) values[at + index] = columns[start + index]
      },
      createdOf: ({ health }) => createdSeconds(health),
      ...(isHistogram &&
        shape.nativeHistograms && {
          bins: { layout: layout.bins, binsOf: ({ table }, series) => table.series[series].bins },
        }),
      ...(isHistogram && {
        // The buckets are the first samples of a histogram, so index and bucket are equal.
        exemplarOf: ({ table, exemplars }, series, shape) => {
          return exemplars.get(table.names[series])?.[shape]
        },
      }),
    }
    return family
  })
  if (!extraMetrics.includes('in_flight')) return families
  return [...families, inFlightFamily(constantLabels, shape)]
}
