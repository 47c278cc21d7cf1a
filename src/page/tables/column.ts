import type { UnitScale } from '../units.js'

/** A column of numbers. */
export interface NumberColumn<Row> {
  readonly kind: 'number'
  readonly key: string
  readonly title: string
  /** An explanation of the title. */
  readonly hint?: string
  readonly scale: UnitScale
  readonly value: (row: Row) => number | undefined
  /** Formats a value; default three significant digits. */
  readonly format?: (value: number) => string
}

/** A column of selectable names, marks or trends. */
interface OtherColumn<Row> {
  readonly kind: 'name' | 'trend'
  readonly key: string
  readonly title: string
  readonly hint?: string
  readonly trend?: (row: Row) => readonly number[]
}

/** A column of a table. */
export type Column<Row> = NumberColumn<Row> | OtherColumn<Row>

/** The order of a table: a column and a direction. */
export interface TableSort {
  readonly column: string
  readonly isDescending: boolean
}

const NAMES = new Intl.Collator('en', { numeric: true })

/** The order of names of engines: `2` before `10`. */
export function compareNames(one: string, other: string): number {
  return NAMES.compare(one, other)
}

/**
 * Sorts rows by a column; without one, by their rank, the lowest first. Equal rows are in the order of their
 * names, and rows without a number are last in both directions.
 */
export function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: TableSort | undefined,
  { nameOf, rankOf }: { nameOf: (row: Row) => string; rankOf: (row: Row) => number },
): Row[] {
  const column = columns.find(({ key }) => key === sort?.column)
  const sign = sort?.isDescending ? -1 : 1
  const byName = (one: Row, other: Row) => compareNames(nameOf(one), nameOf(other))
  const compare = (one: Row, other: Row): number => {
    if (column === undefined) return rankOf(one) - rankOf(other)
    if (column.kind !== 'number') return sign * byName(one, other)
    const [left, right] = [column.value(one), column.value(other)]
    if (left === undefined || right === undefined) {
      return Number(left === undefined) - Number(right === undefined)
    }
    return sign * (left - right)
  }
  return rows.toSorted((one, other) => compare(one, other) || byName(one, other))
}
