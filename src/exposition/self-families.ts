import { type MetricDefinition, SELF_METRICS } from '../catalogue.js'
import type { Snapshot } from '../snapshot/snapshot.js'
import { partsOf, type SourceSnapshot } from '../snapshot/source-snapshot.js'
import {
  createdSeconds,
  type Labels,
  NO_LABELS,
  SINGLE_SAMPLE,
  type SnapshotFamily,
  sourceLabels,
  unitOf,
} from './metric-family.js'

const MS_PER_SECOND = 1e3

export function selfFamilies(): SnapshotFamily[] {
  const reasons = new Map<string, Labels>()
  const reasonLabels = (reason: string) => {
    const labels = reasons.get(reason) ?? { reason }
    reasons.set(reason, labels)
    return labels
  }
  return [
    family(
      SELF_METRICS.enginesUp,
      ({ sources }) => [sources.filter(({ health }) => health.up).length],
      () => NO_LABELS,
      (count) => count,
    ),
    perEngine(SELF_METRICS.engineUp, ({ health }) => Number(health.up)),
    perEngine(SELF_METRICS.reports, ({ health }) => health.reports),
    perEngine(SELF_METRICS.reportBytes, ({ health }) => health.reportBytes),
    perEngine(
      SELF_METRICS.lastReport,
      ({ health }) => (health.lastReportMs ?? 0) / MS_PER_SECOND,
      ({ health }) => health.lastReportMs !== null,
    ),
    perEngine(SELF_METRICS.records, ({ health }) => health.rows),
    family(
      SELF_METRICS.rejected,
      ({ rejections }) => Object.entries(rejections),
      ([reason]) => reasonLabels(reason),
      ([, count]) => count,
    ),
    restarts(reasonLabels),
  ]
}

/** A family of one group, with a series for each item of a snapshot. */
function family<Item>(
  definition: MetricDefinition,
  items: (snapshot: Snapshot) => readonly Item[],
  labelsOf: (item: Item) => Labels,
  sample: (item: Item) => number,
): SnapshotFamily<readonly Item[]> {
  return {
    definition,
    unit: unitOf(definition),
    constantLabels: NO_LABELS,
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
  definition: MetricDefinition,
  sample: (source: SourceSnapshot) => number,
  isShown?: (source: SourceSnapshot) => boolean,
): SnapshotFamily<readonly SourceSnapshot[]> {
  const items = ({ sources }: Snapshot) => (isShown ? sources.filter(isShown) : sources)
  const labelsOf = (source: SourceSnapshot) => sourceLabels(partsOf(source).key)
  return {
    ...family(definition, items, labelsOf, sample),
    createdOf: (sources, series) => createdSeconds(sources[series].health),
  }
}

function restarts(reasonLabels: (reason: string) => Labels): SnapshotFamily<SourceSnapshot> {
  return {
    definition: SELF_METRICS.restarts,
    constantLabels: NO_LABELS,
    shapesOf: () => SINGLE_SAMPLE,
    groups: ({ sources }) => sources.filter(hasRestarts),
    labelsOf: (source) => sourceLabels(partsOf(source).key),
    seriesOf: ({ health }) => Object.keys(health.restarts).map(reasonLabels),
    read: ({ health }, values, at) => values.set(Object.values(health.restarts), at),
    createdOf: ({ health }) => createdSeconds(health),
  }
}

function hasRestarts({ health }: SourceSnapshot): boolean {
  // Most engines have none, and `Object.keys` makes an array for each.
  for (const _ in health.restarts) return true
  return false
}
