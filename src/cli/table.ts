import { formatNumber, type Units } from './units.js'

/** The space between two columns. */
const GAP = '  '
const ELLIPSIS = '…'
/** Minimum characters of a cut name. */
const NAME_LENGTH_MIN = 8

/** A column of numbers in one unit. */
export interface NumberColumn {
  readonly title: string
  readonly values: readonly number[]
  /** The possible units of the column. */
  readonly units: Units
  /** The index of its unit. */
  readonly unit: number
}

/** A column of names followed by columns of numbers, with one value per line. */
export interface Table {
  readonly title: string
  readonly names: readonly string[]
  readonly columns: readonly NumberColumn[]
}

/** The width of a table in characters. */
export function widthOf(table: Table): number {
  return Math.max(...linesOf(table).map(lengthOf))
}

/**
 * Formats a table as lines; the first contains the titles. If the table is too wide, columns get
 * larger units, the widest first. If that is not sufficient, names are cut in the middle, to at
 * least eight characters.
 *
 * @param width in characters
 */
export function formatTable(table: Table, width: number): string[] {
  let fitted = table
  while (widthOf(fitted) > width) {
    const shorter = withLargerUnit(fitted)
    if (shorter === undefined) return linesOf(withCutNames(fitted, width))
    fitted = shorter
  }
  return linesOf(fitted)
}

/**
 * The table with a larger unit for the widest column that becomes narrower by it; undefined without
 * such a column.
 */
function withLargerUnit(table: Table): Table | undefined {
  const { columns } = table
  const shorter = columns.map(inLargerUnit)
  const widths = columns.map((column, index) => (shorter[index] ? columnWidth(column) : 0))
  const widest = widths.indexOf(Math.max(...widths))
  if (shorter[widest] === undefined) return undefined
  return {
    ...table,
    columns: columns.map((column, at) => (at === widest && shorter[at]) || column),
  }
}

/** The column in the next larger unit in which it is narrower. */
function inLargerUnit(column: NumberColumn): NumberColumn | undefined {
  const width = columnWidth(column)
  return column.units
    .map((_, unit) => ({ ...column, unit }))
    .find((other) => other.unit > column.unit && columnWidth(other) < width)
}

function withCutNames(table: Table, width: number): Table {
  const { title, names } = table
  const longest = Math.max(...[title, ...names].map(lengthOf))
  const length = Math.max(NAME_LENGTH_MIN, longest - (widthOf(table) - width))
  return { ...table, title: cut(title, length), names: names.map((name) => cut(name, length)) }
}

/** Cuts a text to a maximum length, with an ellipsis in the middle. */
function cut(text: string, length: number): string {
  const characters = [...text]
  if (characters.length <= length) return text
  const start = Math.ceil((length - 1) / 2)
  const end = characters.length - (length - 1 - start)
  return [...characters.slice(0, start), ELLIPSIS, ...characters.slice(end)].join('')
}

function linesOf({ title, names, columns }: Table): string[] {
  const first = [title, ...names]
  const nameLength = Math.max(...first.map(lengthOf))
  const padded = first.map((name) => name + ' '.repeat(nameLength - lengthOf(name)))
  const all = [padded, ...columns.map(cellsOf)]
  return padded.map((_, line) =>
    all
      .map((cells) => cells[line])
      .join(GAP)
      .trimEnd(),
  )
}

function columnWidth(column: NumberColumn): number {
  return lengthOf(cellsOf(column)[0] ?? '')
}

/** The title and the numbers of a column, padded to one length, with aligned decimal points. */
function cellsOf({ title, values, units, unit }: NumberColumn): string[] {
  const { name, size } = units[unit] ?? units[0]
  const numbers = values.map((value) => formatNumber(value / size))
  const decimals = Math.max(...numbers.map(decimalsOf), 0)
  const aligned = numbers.map((number) => number + ' '.repeat(decimals - decimalsOf(number)))
  const cells = [name === '' ? title : `${title} ${name}`, ...aligned]
  const length = Math.max(...cells.map(lengthOf))
  return cells.map((cell) => cell.padStart(length))
}

/** The number of characters from the decimal point of a number on. */
function decimalsOf(number: string): number {
  const point = number.indexOf('.')
  return point < 0 ? 0 : number.length - point
}

/** Columns of a text on a terminal, where characters of some scripts take two. */
function lengthOf(text: string): number {
  return [...text].length
}
