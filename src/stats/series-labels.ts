/** What tells a series from the others in an exposition. One object per series, for ever. */
export interface SeriesLabels {
  /** Index of the engine, as text, or `other`. */
  readonly engine: string
  readonly operation: string
  readonly status: string
}

/** Keeps the labels of one engine's series, so that whoever formats them can keep the text. */
export class SeriesLabelSet {
  readonly #engine: string
  readonly #operations = new Map<string, Map<string, SeriesLabels>>()

  constructor(engine: string) {
    this.#engine = engine
  }

  /** The labels of a series: the same object each time. */
  of(operation: string, status: string): SeriesLabels {
    let statuses = this.#operations.get(operation)
    if (statuses === undefined) {
      statuses = new Map()
      this.#operations.set(operation, statuses)
    }
    let labels = statuses.get(status)
    if (labels === undefined) {
      labels = { engine: this.#engine, operation, status }
      statuses.set(status, labels)
    }
    return labels
  }
}
