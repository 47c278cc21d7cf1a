import type { Style } from './style.js'
import { columnsOf, fitTo } from './text.js'

const GAP = 2
/** Names get this many columns before others are left out, and more where there is room. */
const NAME_COLUMNS = 14
const TREND_COLUMNS_MIN = 6
const TREND_COLUMNS_MAX = 60

/** A column of a table; each has one cell a row. */
export interface Column {
  readonly title: string
  readonly cells: readonly string[]
  readonly align: 'left' | 'right'
  /** Columns with the lowest number are left out first. */
  readonly keep: number
}

/** A table of names, columns and a sparkline in what room is left. */
export interface ScreenTable {
  readonly title: string
  readonly names: readonly string[]
  readonly columns: readonly Column[]
  /** The sparkline of a row. */
  readonly trend: (row: number, columns: number) => string
}

/** The lines of a table, all as wide as the screen or less. */
export interface TableLines {
  readonly heading: string
  /** The line of a row; made when it is shown, since there may be thousands. */
  readonly row: (index: number) => string
}

/** Fits a table to a width: columns are left out, and then names are cut. */
export function layOut(table: ScreenTable, width: number, style: Style): TableLines {
  const naturalName = Math.max(...[table.title, ...table.names].map(columnsOf))
  const nameMin = Math.min(naturalName, NAME_COLUMNS)
  let columns = table.columns.map((column) => ({
    ...column,
    width: Math.max(...[column.title, ...column.cells].map(columnsOf)),
  }))
  const used = () => columns.reduce((sum, column) => sum + GAP + column.width, 0)
  while (columns.length > 1 && nameMin + used() > width) {
    const least = Math.min(...columns.map(({ keep }) => keep))
    columns = columns.filter(({ keep }) => keep !== least)
  }
  const name = Math.max(1, Math.min(naturalName, width - used()))
  const free = width - name - used() - GAP
  const trend = free >= TREND_COLUMNS_MIN ? Math.min(free, TREND_COLUMNS_MAX) : 0
  const line = (first: string, cellOf: (column: Column) => string) =>
    [
      fitTo(first, name),
      ...columns.map((column) => fitTo(cellOf(column), column.width, column.align)),
    ].join(' '.repeat(GAP))
  const heading = line(table.title, ({ title }) => title)
  return {
    heading: style.strong(trend > 0 ? `${heading}  trend` : heading),
    row: (index) => {
      const cells = line(table.names[index] ?? '', ({ cells: all }) => all[index] ?? '')
      return trend > 0 ? `${cells}  ${style.accent(table.trend(index, trend))}` : cells
    },
  }
}
