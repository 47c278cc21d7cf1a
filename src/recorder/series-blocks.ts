import { OTHER } from '../catalogue.js'
import type { Journal } from '../journal/journal.js'
import type { SeriesBlock } from '../journal/series-block.js'
import { BoundedNames } from '../stats/bounded-names.js'
import { KNOWN_STATUSES } from '../stats/row.js'

/** Distinct statuses of one operation in a journal; rows of further ones count under `other`. */
const STATUSES_MAX = 8
/** Statuses of operation `other` that always have a block. */
const OTHER_STATUSES: readonly string[] = [...KNOWN_STATUSES, OTHER]

/**
 * The blocks of a journal by operation and status. Free blocks are reserved for the known statuses
 * of the operations so far. A series without a block shares one of operation `other`.
 */
export class SeriesBlocks {
  readonly #journal: Journal
  readonly #blocks = new Map<string, BoundedNames<SeriesBlock>>()
  /** Declared operations; free blocks are reserved for their known statuses. */
  readonly #operations: readonly string[]
  #reserved: number
  /** Free blocks that are reserved for known statuses of the operations so far. */
  #kept = OTHER_STATUSES.length

  /** @param operations for whose known statuses blocks are reserved from the start */
  constructor(journal: Journal, operations: readonly string[]) {
    this.#journal = journal
    this.#operations = operations.filter((operation) => operation !== OTHER)
    this.#reserved = this.#operations.length * KNOWN_STATUSES.length
    for (const operation of operations) this.#addOperation(operation)
  }

  get(operation: string, status: string): SeriesBlock {
    return (this.#blocks.get(operation) ?? this.#addOperation(operation)).get(status)
  }

  #addOperation(operation: string): BoundedNames<SeriesBlock> {
    if (operation !== OTHER) this.#kept += KNOWN_STATUSES.length
    const add = (name: string) => this.#add(operation, name)
    const statuses = new BoundedNames(STATUSES_MAX, add, KNOWN_STATUSES)
    this.#blocks.set(operation, statuses)
    return statuses
  }

  #add(operation: string, status: string): SeriesBlock {
    const journal = this.#journal
    const isKnown = KNOWN_STATUSES.includes(status)
    const isOther = operation === OTHER && OTHER_STATUSES.includes(status)
    const isReserved = isKnown && this.#operations.includes(operation)
    const free = journal.layout.blockCount - journal.added
    const kept = isKnown ? this.#keptForOther + (isReserved ? 0 : this.#reserved) : this.#kept
    if (!isOther && free <= kept) return this.get(OTHER, isKnown ? status : OTHER)
    if (isOther || isKnown) this.#kept--
    if (isReserved) this.#reserved--
    return journal.blockOf(journal.addSeries({ operation, status }))
  }

  get #keptForOther(): number {
    const used = this.#blocks.get(OTHER)?.entries
    return OTHER_STATUSES.filter((status) => used?.has(status) !== true).length
  }
}
