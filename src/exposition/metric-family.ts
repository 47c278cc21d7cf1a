import type { Snapshot } from '../snapshot/snapshot.js'
import type { BinLayout } from '../stats/bin-layout.js'
import type { PackedBins } from '../stats/packed-bins.js'
import { boundLabel } from '../stats/python-float.js'

/** Labels by name, in the order in which they are written. */
export type Labels = Readonly<Record<string, string>>

/** The type of a metric. `unknown` is called `untyped` in the text format. */
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown'

/** Name, type and HELP text of a family. */
export interface FamilyDefinition {
  /** The family's name. The name of a counter ends in `_total` if its samples' names do. */
  readonly name: string
  readonly type: MetricType
  /** The HELP text. */
  readonly help: string
}

/** One of the samples that a family has of each series. */
export interface SampleShape {
  /** The suffix after the family's name: empty, `_bucket`, `_sum` or `_count`. */
  readonly suffix: string
  /** The label `le` of a bucket; undefined for other samples. */
  readonly le?: string
  /** The label `quantile` of a summary's quantile; undefined for other samples. */
  readonly quantile?: string
}

/**
 * A single observation of a sample with a reference to its trace.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars
 */
export interface Exemplar {
  /** The labels of the exemplar, such as `trace_id`. */
  readonly labels: Labels
  /** The observed value; a duration is in seconds. */
  readonly value: number
  /** The time of the observation, in seconds since 1970; undefined if unknown. */
  readonly timestampSeconds?: number | undefined
}

/** The fine histograms that the buckets of a family are computed from. */
export interface FamilyBins<Group> {
  readonly layout: BinLayout
  /** Rows per bin of a series of a group. */
  binsOf(group: Group, series: number): PackedBins
}

/**
 * A metric family: the samples of one metric, independent of the format. Series that belong
 * together, such as those of one engine, form a group.
 */
export interface MetricFamily<Group = unknown> {
  readonly definition: FamilyDefinition
  /** The unit at the end of the name, before a counter's `_total`; undefined without a unit. */
  readonly unit?: string | undefined
  /** Labels of every sample, before those of a group. */
  readonly constantLabels: Labels
  /**
   * The samples of each series of a group, in order. The array is the same object in every scrape.
   */
  shapesOf(group: Group): readonly SampleShape[]
  /**
   * Labels of all series of a group. They are the same object in every scrape, as are those of a
   * series, so that writers can use them as keys of caches.
   */
  labelsOf(group: Group): Labels
  /** Labels of each series of a group. */
  seriesOf(group: Group): readonly Labels[]
  /** Write the values of all samples of all series of a group to `values`, from index `at` on. */
  read(group: Group, values: Float64Array, at: number): void
  /**
   * Time at which a series of a group began to count from zero, in seconds since 1970. Families
   * without such times do not have this method.
   */
  createdOf?(group: Group, series: number): number
  /**
   * The last exemplar of a sample, or undefined. It is the same object until another one replaces
   * it. Families without exemplars do not have this method.
   *
   * @param shape index of the sample in `shapesOf`
   */
  exemplarOf?(group: Group, series: number, shape: number): Exemplar | undefined
  /** The fine histograms of the durations; undefined for a family without native histograms. */
  readonly bins?: FamilyBins<Group> | undefined
}

/** A family whose groups are read from a snapshot. */
export interface SnapshotFamily<Group = unknown> extends MetricFamily<Group> {
  readonly definition: FamilyDefinition & {
    /** How samples with the same labels are merged over the processes of a cluster; default `sum`. */
    readonly aggregator?: string
  }
  /** The groups in a snapshot, in the order of exposition. */
  groups(snapshot: Snapshot): readonly Group[]
}

/** The only sample of a counter or a gauge. */
export const SINGLE_SAMPLE: readonly SampleShape[] = [{ suffix: '' }]

export const NO_LABELS: Labels = {}

const MS_PER_SECOND = 1e3
/** The units of our metrics. */
const UNITS = ['seconds', 'bytes']

/**
 * The samples of a histogram: its cumulative buckets ascending, ending with `+Inf`, then sum and
 * count.
 *
 * @param bounds upper bounds in seconds, ascending, without `+Inf`
 */
export function histogramSamples(bounds: readonly number[]): SampleShape[] {
  const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound) => ({
    suffix: '_bucket',
    le: boundLabel(bound),
  }))
  return [...buckets, { suffix: '_sum' }, { suffix: '_count' }]
}

/** The unit at the end of a metric's name. */
export function unitOf({ name }: FamilyDefinition): string | undefined {
  return UNITS.find((unit) => name.replace(/_total$/, '').endsWith(`_${unit}`))
}

/** The creation time of a source, in seconds since 1970. */
export function createdSeconds({ createdMs }: { readonly createdMs: number }): number {
  return createdMs / MS_PER_SECOND
}
