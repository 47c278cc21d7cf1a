import type { MetricDefinition } from '../catalogue.js'
import type { Snapshot } from '../snapshot/snapshot.js'
import type { SourceKey } from '../snapshot/source-snapshot.js'
import { boundLabel } from '../stats/python-float.js'

/** Labels by name, in the order in which they are written. */
export type Labels = Readonly<Record<string, string>>

/** One of the samples that a family has of each series. */
export interface SampleShape {
  /** What follows the family's name: nothing, `_bucket`, `_sum` or `_count`. */
  readonly suffix: string
  /** Upper bound of a bucket as the label `le` shows it; undefined for other samples. */
  readonly le?: string
}

/**
 * A metric family: the samples of one metric in a snapshot, before they are formatted. Series that
 * belong together, such as those of one engine, are a group.
 */
export interface MetricFamily<Group = unknown> {
  readonly definition: MetricDefinition
  /** Labels of every sample, before those of a group. */
  readonly constantLabels: Labels
  /** The samples of each series, in order. */
  readonly shapes: readonly SampleShape[]
  /** The groups in a snapshot, in the order to be shown. */
  groups(snapshot: Snapshot): readonly Group[]
  /**
   * Labels of all series of a group. These and those of a series are the same objects in every
   * snapshot, by which writers find again what they made for them.
   */
  labelsOf(group: Group): Labels
  /** Labels of each series of a group. */
  seriesOf(group: Group): readonly Labels[]
  /** Write the values of all samples of all series of a group to `values`, from index `at` on. */
  read(group: Group, values: Float64Array, at: number): void
}

/** The only sample of a counter or a gauge. */
export const SINGLE_SAMPLE: readonly SampleShape[] = [{ suffix: '' }]

export const NO_LABELS: Labels = {}

const labelsOfSources = new WeakMap<SourceKey, Labels>()

/**
 * The samples of a histogram: its cumulative buckets ascending, the last `+Inf`, sum and count.
 *
 * @param bounds upper bounds in seconds, ascending, `+Inf` left out
 */
export function histogramSamples(bounds: readonly number[]): SampleShape[] {
  const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound) => ({
    suffix: '_bucket',
    le: boundLabel(bound),
  }))
  return [...buckets, { suffix: '_sum' }, { suffix: '_count' }]
}

/** The labels of a source: the same object each time. */
export function sourceLabels(key: SourceKey): Labels {
  const known = labelsOfSources.get(key)
  if (known !== undefined) return known
  const { engine, instance } = key
  const labels = { engine: String(engine), ...(instance !== undefined && { instance }) }
  labelsOfSources.set(key, labels)
  return labels
}
