import type { LabelSet } from './label-set.js'

/** What a family tells its samples to, whatever the format. */
export interface SampleSink {
  /**
   * @param suffix what follows the family's name: nothing, `_bucket`, `_sum` or `_count`
   * @param bound the value of `le`, or undefined where the sample has none
   */
  sample(suffix: string, labels: LabelSet, bound: string | undefined, value: number): void
}

/**
 * Tells a sink the samples of a family. It stops after each series, so that whoever renders many
 * of them may let others have their turn.
 */
export type SampleSource = (sink: SampleSink) => Iterable<void>
