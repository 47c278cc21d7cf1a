import { boundLabel } from '../stats/python-float.js'

/** Labels of a series by name. */
export type Labels = Readonly<Record<string, string>>

/** One of the lines that a family has of every series. */
export interface LineShape {
  /** What follows the family's name: nothing, `_bucket`, `_sum` or `_count`. */
  readonly suffix: string
  /** Upper bound of a bucket as the label `le` shows it; undefined where a line has none. */
  readonly le?: string
}

/** Where a family finds its samples at a scrape, whatever the format they end in. */
export interface SampleSource<Group> {
  /** The lines of each series, in order. */
  readonly lines: readonly LineShape[]
  /** All series at this moment, in the order to be shown, by groups such as engines. */
  groups(): readonly Group[]
  /** Labels of each series: the same objects at every scrape, by which its text is known again. */
  labels(group: Group): readonly Labels[]
  /** Write the values of all lines of all series to `values`, from index `at` on. */
  read(group: Group, values: Float64Array, at: number): void
}

/** A counter's or a gauge's only line. */
export const SINGLE_LINE: readonly LineShape[] = [{ suffix: '' }]

/**
 * The lines of a histogram: its cumulative buckets ascending, the last `+Inf`, sum and count.
 *
 * @param bounds upper bounds in seconds, ascending, `+Inf` left out
 */
export function histogramLines(bounds: readonly number[]): LineShape[] {
  const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound) => ({
    suffix: '_bucket',
    le: boundLabel(bound),
  }))
  return [...buckets, { suffix: '_sum' }, { suffix: '_count' }]
}
