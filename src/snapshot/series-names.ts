import { BoundedNames } from '../stats/bounded-names.js'
import type { SeriesName } from '../stats/packed-series.js'
import { KNOWN_STATUSES } from '../stats/row.js'

/** How many names are told apart; further ones are `other`. */
export interface SeriesLimits {
  readonly operationsMax: number
  /** Per operation; known ones are told apart even past the limit. */
  readonly statusesMax: number
}

/**
 * The names of one source's series, within limits. Each is one object for as long as the source is
 * known: exporters keep what they made for it, such as text, and a series is never shown under
 * another name than before.
 */
export class SeriesNames {
  readonly #operations: BoundedNames<BoundedNames<SeriesName>>

  constructor({ operationsMax, statusesMax }: SeriesLimits) {
    this.#operations = new BoundedNames(operationsMax, (operation) => {
      const make = (status: string) => Object.freeze({ operation, status })
      return new BoundedNames(statusesMax, make, KNOWN_STATUSES)
    })
  }

  /** The name that rows of an operation and a status are counted under. */
  of({ operation, status }: SeriesName): SeriesName {
    return this.#operations.get(operation).get(status)
  }
}
