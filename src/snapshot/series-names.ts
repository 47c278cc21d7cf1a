import { OTHER } from '../catalogue.js'
import { BoundedNames } from '../stats/bounded-names.js'
import type { SeriesName } from '../stats/packed-series.js'
import { KNOWN_STATUSES } from '../stats/row.js'

/** Limits on distinct names; further ones are `other`. */
export interface SeriesLimits {
  readonly operationsMax: number
  /** Maximum number of statuses per operation; known statuses are accepted past the limit. */
  readonly statusesMax: number
}

/** Number of further series that may get a distinct name; all sources share it. */
export interface SeriesBudget {
  left: number
}

/**
 * The names of one source's series, within limits. Each name is one object as long as the source is
 * known: exporters use it as the key of caches, and a series never changes its name.
 */
export class SeriesNames {
  readonly #operations: BoundedNames<BoundedNames<SeriesName>>
  readonly #budget: SeriesBudget
  /** Number of names taken from the budget. */
  #taken = 0
  /**
   * Whether the budget was ever exhausted. Then no further name is created, even if other sources
   * return some.
   */
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

  /** The name under which rows of an operation and a status count. */
  of({ operation, status }: SeriesName): SeriesName {
    if (!this.#isFull) {
      if (this.#budget.left > 0) return this.#operations.get(operation).get(status)
      this.#isFull = true
    }
    const statuses = this.#operations.entries.get(operation.toWellFormed())
    const known = statuses?.entries.get(status.toWellFormed())
    // The few series of operation `other` do not count towards the budget.
    const other = KNOWN_STATUSES.includes(status) ? status : OTHER
    return known ?? this.#operations.get(OTHER).get(other)
  }

  /** Return all names to the budget, when the source is dropped. */
  release(): void {
    this.#budget.left += this.#taken
    this.#taken = 0
  }
}
