import type { MetricDefinition } from '../../catalogue.js'
import type { Snapshot } from '../../snapshot/snapshot.js'
import { NO_LABELS, SINGLE_SAMPLE, type SnapshotFamily, unitOf } from '../metric-family.js'
import type { FamilyShape } from './family-shape.js'

/** A metric with one sample. */
export interface SingleMetric {
  readonly definition: MetricDefinition
  /** Returns the value for a scrape, given the snapshot of the scrape. */
  readonly read: (snapshot: Snapshot) => number
}

const ONE_SERIES = [NO_LABELS]

/** Families of metrics with one sample. */
export function singleFamilies(
  shape: FamilyShape,
  metrics: readonly SingleMetric[],
): SnapshotFamily[] {
  return metrics.map(({ definition, read }): SnapshotFamily<Snapshot> => {
    const shaped = shape.define(definition)
    return {
      definition: shaped,
      unit: unitOf(shaped),
      constantLabels: shape.labels,
      shapesOf: () => SINGLE_SAMPLE,
      groups: (snapshot) => [snapshot],
      labelsOf: () => NO_LABELS,
      seriesOf: () => ONE_SERIES,
      read: (snapshot, values, at) => {
        values[at] = read(snapshot)
      },
    }
  })
}
