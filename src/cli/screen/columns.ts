import type { Style } from './style.js'
import { columnsOf, fitTo } from './text.js'

const GAP = 2
/** Minimum width of names, in characters: if there is less space, columns are omitted. */
const NAME_COLUMNS = 16
const TREND_TITLE = 'trend'
/** Minimum width of a trend, in characters; a narrower trend is omitted. */
const TREND_COLUMNS_MIN = 6
const TREND_COLUMNS_MAX = 60
const TREND_KEEP = 3

/** A column of a table, with one cell per row. */
export interface Column {
  readonly title: string
  readonly cells: readonly string[]
  readonly align: 'left' | 'right'
  /** Priority; columns with the lowest number are omitted first. */
  readonly keep: number
}

/** A table of names, columns, and a sparkline in the remaining space. */
export interface ScreenTable {
  readonly title: string
  readonly names: readonly string[]
  readonly columns: readonly Column[]
  /** Returns the sparkline of a row. */
  readonly trend: (row: number, columns: number) => string
}

/** The lines of a table, at most as wide as the screen. */
export interface TableLines {
  readonly heading: string
  /** Returns the line of a row; called for visible rows only, since there may be thousands. */
  readonly row: (index: number) => string
}

/** Fits a table to a width: omits columns, then cuts names. */
export function layOut(table: ScreenTable, width: number, style: Style): TableLines {
  const nameWidth = widest([table.title, ...table.names])
  const trend: Column & { readonly width: number } = {
    ...{ title: TREND_TITLE, cells: [], align: 'left', keep: TREND_KEEP },
    width: TREND_COLUMNS_MIN,
  }
  let columns = [...table.columns, trend].map((column) => ({
    ...column,
    width: column === trend ? trend.width : widest([column.title, ...column.cells]),
  }))
  const used = () => columns.reduce((sum, column) => sum + GAP + column.width, 0)
  while (columns.length > 1 && Math.min(nameWidth, NAME_COLUMNS) + used() > width) {
    const least = Math.min(...columns.map(({ keep }) => keep))
    columns = columns.filter(({ keep }) => keep !== least)
  }
  const hasTrend = columns.some(({ title }) => title === TREND_TITLE)
  const shown = columns.filter(({ title }) => title !== TREND_TITLE)
  const name = Math.max(1, Math.min(nameWidth, width - used()))
  const trendWidth = hasTrend
    ? Math.min(TREND_COLUMNS_MIN + width - name - used(), TREND_COLUMNS_MAX)
    : 0
  const line = (first: string, cellOf: (column: Column) => string, last: string) =>
    [
      fitTo(first, name),
      ...shown.map((column) => fitTo(cellOf(column), column.width, column.align)),
      ...(hasTrend ? [last] : []),
    ].join(' '.repeat(GAP))
  return {
    heading: style.strong(line(table.title, ({ title }) => title, TREND_TITLE)),
    row: (index) =>
      line(
        table.names[index] ?? '',
        ({ cells }) => cells[index] ?? '',
        hasTrend ? style.accent(table.trend(index, trendWidth)) : '',
      ),
  }
}

function widest(texts: readonly string[]): number {
  let columns = 0
  for (const text of texts) columns = Math.max(columns, columnsOf(text))
  return columns
}
