import type { Snapshot } from '../snapshot/snapshot.js'
import type { BinLayout } from '../stats/bin-layout.js'
import type { PackedBins } from '../stats/packed-bins.js'
import { boundLabel } from '../stats/python-float.js'

/** Labels by name, in the order in which they are written. */
export type Labels = Readonly<Record<string, string>>

/** What a metric measures. `unknown` is what the text format calls `untyped`. */
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown'

/** Name, type and HELP of a family, as the lines before its samples show them. */
export interface FamilyDefinition {
  /** The family's name; that of a counter has `_total` where its samples have it. */
  readonly name: string
  readonly type: MetricType
  /** The HELP text. */
  readonly help: string
}

/** One of the samples that a family has of each series. */
export interface SampleShape {
  /** What follows the family's name: nothing, `_bucket`, `_sum` or `_count`. */
  readonly suffix: string
  /** Upper bound of a bucket as the label `le` shows it; undefined for other samples. */
  readonly le?: string
  /** The label `quantile` of a summary's quantile; undefined for other samples. */
  readonly quantile?: string
}

/**
 * A single observation of a sample, by which a trace is found.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars
 */
export interface Exemplar {
  /** Such as `trace_id`. */
  readonly labels: Labels
  /** The observed value: of a duration, in seconds. */
  readonly value: number
  /** When it was observed, in seconds since 1970; undefined where it is not known. */
  readonly timestampSeconds?: number | undefined
}

/** The fine histograms behind the buckets of a family. */
export interface FamilyBins<Group> {
  readonly layout: BinLayout
  /** Rows per bin of a series of a group. */
  binsOf(group: Group, series: number): PackedBins
}

/**
 * A metric family: the samples of one metric, before they are formatted. All formats are written
 * from it. Series that belong together, such as those of one engine, are a group.
 */
export interface MetricFamily<Group = unknown> {
  readonly definition: FamilyDefinition
  /** The unit that the name ends in, before a counter's `_total`; undefined where none is declared. */
  readonly unit?: string | undefined
  /** Labels of every sample, before those of a group. */
  readonly constantLabels: Labels
  /** The samples of each series of a group, in order: the same array in every scrape. */
  shapesOf(group: Group): readonly SampleShape[]
  /**
   * Labels of all series of a group. These and those of a series are the same objects in every
   * scrape, by which writers find again what they made for them.
   */
  labelsOf(group: Group): Labels
  /** Labels of each series of a group. */
  seriesOf(group: Group): readonly Labels[]
  /** Write the values of all samples of all series of a group to `values`, from index `at` on. */
  read(group: Group, values: Float64Array, at: number): void
  /**
   * Seconds since 1970 at which a series of a group began to count from zero. A family without this
   * method has no such times.
   */
  createdOf?(group: Group, series: number): number
  /**
   * The last exemplar of a sample; undefined where there is none. It is the same object until
   * another one takes its place. A family without this method has none.
   *
   * @param shape index of the sample in `shapesOf`
   */
  exemplarOf?(group: Group, series: number, shape: number): Exemplar | undefined
  /** Finer counts of the durations than buckets; undefined for a family without native histograms. */
  readonly bins?: FamilyBins<Group> | undefined
}

/** A family whose groups are read from a snapshot. */
export interface SnapshotFamily<Group = unknown> extends MetricFamily<Group> {
  readonly definition: FamilyDefinition & {
    /** How samples with the same labels are merged over the processes of a cluster; default `sum`. */
    readonly aggregator?: string
  }
  /** The groups in a snapshot, in the order to be shown. */
  groups(snapshot: Snapshot): readonly Group[]
}

/** The only sample of a counter or a gauge. */
export const SINGLE_SAMPLE: readonly SampleShape[] = [{ suffix: '' }]

export const NO_LABELS: Labels = {}

const MS_PER_SECOND = 1e3
/** The units of our metrics. */
const UNITS = ['seconds', 'bytes']

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

/** The unit of one of our metrics, which its name ends in. */
export function unitOf({ name }: FamilyDefinition): string | undefined {
  return UNITS.find((unit) => name.replace(/_total$/, '').endsWith(`_${unit}`))
}

/** When a source began, in seconds since 1970. */
export function createdSeconds({ createdMs }: { readonly createdMs: number }): number {
  return createdMs / MS_PER_SECOND
}
