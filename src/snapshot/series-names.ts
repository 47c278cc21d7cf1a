import { OTHER } from '../catalogue.js'
import { BoundedNames } from '../stats/bounded-names.js'
import type { SeriesName } from '../stats/packed-series.js'
import { KNOWN_STATUSES } from '../stats/row.js'

/** How many names are told apart; further ones are `other`. */
export interface SeriesLimits {
  readonly operationsMax: number
  /** Per operation; known ones are told apart even past the limit. */
  readonly statusesMax: number
}

/** How many more series may get a name of their own; all sources share it. */
export interface SeriesBudget {
  left: number
}

/**
 * The names of one source's series, within limits. Each is one object for as long as the source is
 * known: exporters keep what they made for it, such as text, and a series is never shown under
 * another name than before.
 */
export class SeriesNames {
  readonly #operations: BoundedNames<BoundedNames<SeriesName>>
  readonly #budget: SeriesBudget
  /** Names taken from the budget. */
  #taken = 0
  /** Whether the budget was ever used up: then no further name is given, also if others return some. */
  #isFull = false

  constructor({ operationsMax, statusesMax }: SeriesLimits, budget: SeriesBudget) {
    this.#budget = budget
    this.#operations = new BoundedNames(operationsMax, (operation) => {
      const make = (status: string) => {
        this.#taken++
        budget.left--
        return Object.freeze({ operation, status })
      }
      return new BoundedNames(statusesMax, make, KNOWN_STATUSES)
    })
  }

  /** The name that rows of an operation and a status are counted under. */
  of({ operation, status }: SeriesName): SeriesName {
    if (!this.#isFull) {
      if (this.#budget.left > 0) return this.#operations.get(operation).get(status)
      this.#isFull = true
    }
    const statuses = this.#operations.entries.get(operation.toWellFormed())
    const known = statuses?.entries.get(status.toWellFormed())
    // The few series of operation `other` that a source may have do not count against the budget.
    const other = KNOWN_STATUSES.includes(status) ? status : OTHER
    return known ?? this.#operations.get(OTHER).get(other)
  }

  /** Return all names to the budget: the source is no longer shown. */
  release(): void {
    this.#budget.left += this.#taken
    this.#taken = 0
  }
}
