import { type MetricDefinition, SELF_METRICS } from '../../catalogue.js'
import type { Snapshot } from '../../snapshot/snapshot.js'
import { partsOf, type SourceSnapshot } from '../../snapshot/source-snapshot.js'
import {
  createdSeconds,
  type Labels,
  NO_LABELS,
  SINGLE_SAMPLE,
  type SnapshotFamily,
  unitOf,
} from '../metric-family.js'
import type { FamilyShape } from './family-shape.js'

const MS_PER_SECOND = 1e3

export function selfFamilies(shape: FamilyShape): SnapshotFamily[] {
  const reasons = new Map<string, Labels>()
  const reasonLabels = (reason: string) => {
    const labels = reasons.get(reason) ?? { reason }
    reasons.set(reason, labels)
    return labels
  }
  return [
    family(
      shape,
      SELF_METRICS.enginesUp,
      ({ sources }) => [sources.filter(({ health }) => health.up).length],
      () => NO_LABELS,
      (count) => count,
    ),
    ...(shape.perEngine
      ? [
          perEngine(shape, SELF_METRICS.engineUp, ({ health }) => Number(health.up)),
          perEngine(shape, SELF_METRICS.engineOpen, ({ health }) => Number(health.open)),
        ]
      : []),
    perEngine(shape, SELF_METRICS.reports, ({ health }) => health.reports),
    perEngine(shape, SELF_METRICS.reportBytes, ({ health }) => health.reportBytes),
    perEngine(
      shape,
      SELF_METRICS.lastReport,
      ({ health }) => (health.lastReportMs ?? 0) / MS_PER_SECOND,
      ({ health }) => health.lastReportMs !== null,
    ),
    perEngine(shape, SELF_METRICS.records, ({ health }) => health.rows),
    family(
      shape,
      SELF_METRICS.rejected,
      ({ rejections }) => Object.entries(rejections),
      ([reason]) => reasonLabels(reason),
      ([, count]) => count,
    ),
    restarts(shape, reasonLabels),
  ]
}

/** A family of one group, with a series for each item of a snapshot. */
function family<Item>(
  shape: FamilyShape,
  metric: MetricDefinition,
  items: (snapshot: Snapshot) => readonly Item[],
  labelsOf: (item: Item) => Labels,
  sample: (item: Item) => number,
): SnapshotFamily<readonly Item[]> {
  const definition = shape.define(metric)
  return {
    definition,
    unit: unitOf(definition),
    constantLabels: shape.labels,
    shapesOf: () => SINGLE_SAMPLE,
    groups: (snapshot) => [items(snapshot)],
    labelsOf: () => NO_LABELS,
    seriesOf: (all) => all.map(labelsOf),
    read: (all, values, at) => {
      for (let index = 0; index < all.length; index++) values[at + index] = sample(all[index])
    },
  }
}

function perEngine(
  shape: FamilyShape,
  metric: MetricDefinition,
  sample: (source: SourceSnapshot) => number,
  isShown?: (source: SourceSnapshot) => boolean,
): SnapshotFamily<readonly SourceSnapshot[]> {
  const items = (snapshot: Snapshot) => {
    const sources = shape.sourcesOf(snapshot)
    return isShown ? sources.filter(isShown) : sources
  }
  const labelsOf = (source: SourceSnapshot) => shape.labelsOf(partsOf(source).key)
  return {
    ...family(shape, metric, items, labelsOf, sample),
    createdOf: (sources, series) => createdSeconds(sources[series].health),
  }
}

function restarts(
  shape: FamilyShape,
  reasonLabels: (reason: string) => Labels,
): SnapshotFamily<SourceSnapshot> {
  return {
    definition: shape.define(SELF_METRICS.restarts),
    constantLabels: shape.labels,
    shapesOf: () => SINGLE_SAMPLE,
    groups: (snapshot) => shape.sourcesOf(snapshot).filter(hasRestarts),
    labelsOf: (source) => shape.labelsOf(partsOf(source).key),
    seriesOf: ({ health }) => Object.keys(health.restarts).map(reasonLabels),
    read: ({ health }, values, at) => values.set(Object.values(health.restarts), at),
    createdOf: ({ health }) => createdSeconds(health),
  }
}

function hasRestarts({ health }: SourceSnapshot): boolean {
  // Most engines have no restarts, and `Object.keys` would allocate an array for each.
  for (const _ in health.restarts) return true
  return false
}
