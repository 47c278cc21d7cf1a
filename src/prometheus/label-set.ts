import { formatLabels } from './text-format.js'

/** The labels of a series, with their text made once: it is written at every scrape. */
export class LabelSet {
  readonly labels: Readonly<Record<string, string>>
  readonly text: string

  constructor(labels: Readonly<Record<string, string>>) {
    this.labels = labels
    this.text = formatLabels(labels)
  }
}

/** What a family tells its samples to, whatever the format. */
export interface SampleSink {
  /**
   * @param suffix what follows the family's name: nothing, `_bucket`, `_sum` or `_count`
   * @param bound the value of `le`, or undefined where the sample has none
   */
  sample(suffix: string, labels: LabelSet, bound: string | undefined, value: number): void
}
