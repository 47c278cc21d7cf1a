import type { SeriesTable } from '../snapshot/series-table.js'
import type { SeriesName } from '../stats/packed-series.js'
import type { Incarnation } from './incarnation.js'

/** Added to the length of each list, so that the number of short lists is bounded, too. */
const LIST_OVERHEAD = 64

export type DurationsBySeries = ReadonlyMap<SeriesName, readonly Float64Array[]>

/** Durations of rows that are in no journal. */
interface EndedRows {
  readonly name: SeriesName
  /**
   * The incarnation that ended, and the index of the series in it; both undefined for ingested
   * rows.
   */
  readonly incarnation?: Incarnation
  readonly index?: number
  /** Rows of the series when it ended. */
  readonly rows: number
  /** The durations of the last of these rows. */
  readonly durations: Float64Array
}

export interface DurationCursor {
  /** Number of lists that had been added when the cursor was created. */
  readonly ended: number
  /** The table of each live incarnation when the cursor was created. */
  readonly tables: ReadonlyMap<Incarnation, SeriesTable>
}

export const START: DurationCursor = { ended: 0, tables: new Map() }

/**
 * The single durations of recent rows, which make a percentile over an interval exact. The journals
 * of live incarnations hold theirs. This class keeps the durations of ended incarnations and of
 * ingested rows, and drops the oldest past a limit.
 */
export class RecentDurations {
  readonly #max: number
  readonly #lists: EndedRows[] = []
  /** Number of lists that were dropped; the first of `#lists` has this number. */
  #dropped = 0
  #size = 0
  /** Number of durations that were added since the last cursor was created. */
  #unread = 0

  /** @param max maximum number of durations; 0 keeps none */
  constructor(max: number) {
    this.#max = max
  }

  /** Whether half of the maximum was added since the last cursor was created. */
  get isHalfUnread(): boolean {
    return this.#unread > this.#max / 2
  }

  /** Keep the durations of rows that were ingested. */
  addRows(name: SeriesName, durations: Float64Array): void {
    this.#add({ name, rows: durations.length, durations })
  }

  /** Keep the recent durations of an incarnation that ends. */
  addIncarnation(incarnation: Incarnation): void {
    const { names, series } = incarnation.table
    const recent = incarnation.recentDurations(incarnation.recentStarts)
    for (const [index, durations] of recent.entries()) {
      if (durations === undefined) continue
      const { rows } = series[index]
      this.#add({ name: names[index], incarnation, index, rows, durations })
    }
  }

  /** The cursor of a reader that has read everything so far. */
  cursor(live: Iterable<Incarnation>): DurationCursor {
    this.#unread = 0
    const tables = new Map<Incarnation, SeriesTable>()
    for (const incarnation of live) tables.set(incarnation, incarnation.table)
    return { ended: this.#dropped + this.#lists.length, tables }
  }

  /**
   * The durations of the rows since a cursor was created. Fewer are returned than there are rows if
   * some are unknown.
   */
  since(cursor: DurationCursor, live: Iterable<Incarnation>): DurationsBySeries {
    const found = new Map<SeriesName, Float64Array[]>()
    const add = (name: SeriesName, durations: Float64Array | undefined) => {
      if (durations === undefined || durations.length === 0) return
      const known = found.get(name)
      if (known === undefined) found.set(name, [durations])
      else known.push(durations)
    }
    const rowsBefore = (incarnation: Incarnation) =>
      (cursor.tables.get(incarnation)?.series ?? []).map(({ rows }) => rows)
    for (const ended of this.#lists.slice(Math.max(0, cursor.ended - this.#dropped))) {
      const { name, incarnation, index = 0, rows, durations } = ended
      const before = incarnation === undefined ? 0 : (rowsBefore(incarnation)[index] ?? 0)
      if (rows - before <= durations.length) {
        add(name, durations.subarray(durations.length - (rows - before)))
      }
    }
    for (const incarnation of live) {
      const recent = incarnation.recentDurations(rowsBefore(incarnation))
      for (const [index, durations] of recent.entries()) {
        add(incarnation.table.names[index], durations)
      }
    }
    return found
  }

  #add(list: EndedRows): void {
    if (this.#max === 0) return
    this.#lists.push(list)
    this.#size += list.durations.length + LIST_OVERHEAD
    this.#unread += list.durations.length + LIST_OVERHEAD
    if (this.#size <= this.#max) return
    // Drops a quarter at once, because each `splice` moves all remaining lists.
    let drop = 0
    while (this.#size > (this.#max / 4) * 3) {
      this.#size -= this.#lists[drop++].durations.length + LIST_OVERHEAD
    }
    this.#lists.splice(0, drop)
    this.#dropped += drop
  }
}
