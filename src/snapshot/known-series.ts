import type { SeriesName } from '../stats/packed-series.js'
import type { ColumnLayout } from './column-layout.js'
import { EMPTY_TABLE, type SeriesTable } from './series-table.js'

/** The series of the declared operations, which a source exposes before they have rows. */
export class KnownSeries {
  readonly #layout: ColumnLayout
  readonly #known: SeriesTable
  /**
   * The names of the last table. `#names` and `#places` are valid for these names, which most
   * tables share.
   */
  #last: readonly SeriesName[] = []
  #names: readonly SeriesName[]
  #places: readonly number[]

  /** @param known the series without rows, each name once */
  constructor(layout: ColumnLayout, known: SeriesTable = EMPTY_TABLE) {
    this.#layout = layout
    this.#known = known
    this.#names = known.names
    this.#places = known.names.map(() => -1)
  }

  /**
   * A table with the known series first, including those that the given table lacks.
   *
   * @param table each name once
   */
  putFirst(table: SeriesTable): SeriesTable {
    const known = this.#known
    if (known.names.length === 0) return table
    if (table.series.length === 0) return known
    if (!isSame(this.#last, table.names)) this.#arrange(table.names)
    const places = this.#places
    const series = places.map((place, index) => {
      return place < 0 ? known.series[index] : table.series[place]
    })
    const columns = this.#layout.arrange(table.columns, table.series.length, places)
    return { names: this.#names, series, columns }
  }

  #arrange(names: readonly SeriesName[]): void {
    this.#last = names
    this.#names = [...new Set([...this.#known.names, ...names])]
    this.#places = this.#names.map((name) => names.indexOf(name))
  }
}

function isSame(left: readonly SeriesName[], right: readonly SeriesName[]): boolean {
  return (
    left === right || (left.length === right.length && left.every((name, at) => name === right[at]))
  )
}
