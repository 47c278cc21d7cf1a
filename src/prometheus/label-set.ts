import { formatLabels } from './text-format.js'

const encoder = new TextEncoder()

/** The labels of a series, with their text made once: it is written at every scrape. */
export class LabelSet {
  readonly labels: Readonly<Record<string, string>>
  /** The text between the braces, in UTF-8. */
  readonly text: Uint8Array

  constructor(labels: Readonly<Record<string, string>>) {
    this.labels = labels
    this.text = encoder.encode(formatLabels(labels))
  }
}
