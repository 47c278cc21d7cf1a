import { OTHER } from '../catalogue.js'

/** What tells a series from the others in an exposition; `engine` is its index or `other`. */
export type SeriesLabels = Readonly<Record<'engine' | 'operation' | 'status', string>>

/** How many names are told apart; further ones are `other`. */
export interface SeriesLimits {
  readonly operationsMax: number
  /** Per operation. */
  readonly statusesMax: number
}

/**
 * The labels of one engine's series: one object per series for ever, so that whoever formats them
 * can keep the text, and a series that was shown once is never shown under another name.
 */
export class SeriesLabelSet {
  readonly #engine: string
  readonly #limits: SeriesLimits
  readonly #operations = new Map<string, Map<string, SeriesLabels>>()

  constructor(engine: string, limits: SeriesLimits) {
    this.#engine = engine
    this.#limits = limits
  }

  /** The name an operation goes by. */
  operationOf(operation: string): string {
    const isNew = !this.#operations.has(operation)
    return isNew && this.#operations.size >= this.#limits.operationsMax ? OTHER : operation
  }

  /** The labels of a series: the same object each time. */
  of(operation: string, status: string): SeriesLabels {
    const name = this.operationOf(operation)
    let statuses = this.#operations.get(name)
    if (statuses === undefined) {
      statuses = new Map()
      this.#operations.set(name, statuses)
    }
    const known = statuses.get(status)
    if (known !== undefined) return known
    if (statuses.size >= this.#limits.statusesMax && status !== OTHER) return this.of(name, OTHER)
    const labels = { engine: this.#engine, operation: name, status }
    statuses.set(status, labels)
    return labels
  }
}
