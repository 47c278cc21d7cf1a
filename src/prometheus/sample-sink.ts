import type { BoundSet } from './bound-set.js'
import type { LabelSet } from './label-set.js'

/** What a family tells its samples to, whatever the format. */
export interface SampleSink {
  /** @param suffix what follows the family's name: nothing, `_sum` or `_count` */
  sample(suffix: string, labels: LabelSet, value: number): void
  /**
   * All buckets of one series.
   *
   * @param suffix what follows the family's name: `_bucket`
   * @param counts rows per bucket, not cumulative, as many as there are bounds
   */
  buckets(suffix: string, labels: LabelSet, bounds: BoundSet, counts: Float64Array): void
}

/**
 * Tells a sink the samples of a family. It stops after each series, so that whoever renders many
 * of them may let others have their turn.
 */
export type SampleSource = (sink: SampleSink) => Iterable<void>
