import { printable } from '../../live/printable.js'
import { element, setAttribute, setText } from '../element.js'
import { chooseUnit, formatNumber, type Unit } from '../units.js'
import { type Column, sortRows, type TableSort } from './column.js'
import { LiveRow, type Mark } from './live-row.js'

/** Options of a `LiveTable`. */
export interface TableOptions<Row> {
  /** The caption of the table, for screen readers. */
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly nameOf: (row: Row) => string
  /** Returns the mark of a row; undefined for rows without a mark. */
  readonly markOf?: (row: Row) => Mark | undefined
  /** Returns the word after the name of a row that matters less than others, such as `ended`. */
  readonly wordOf?: (row: Row) => string | undefined
  /** Returns the rank of a row in the default order: the lowest is first. Default 0. */
  readonly rankOf?: (row: Row) => number
  /** Called when the name of a row is pressed. */
  readonly onChoose: (name: string) => void
  /**
   * Called with the column of a pressed heading; without this function, the table cannot be sorted.
   */
  readonly onSort?: (column: string) => void
}

const HAS_MOUSE = matchMedia('(hover: hover)')

interface Heading {
  readonly cell: HTMLTableCellElement
  readonly unit: HTMLSpanElement
  current?: Unit
}

/**
 * A table that is updated in place: rows keep their elements, focus and position, and only
 * differences change elements.
 */
export class LiveTable<Row> {
  readonly root: HTMLElement
  readonly #options: TableOptions<Row>
  readonly #headings = new Map<string, Heading>()
  readonly #body = element('tbody')
  readonly #rows = new Map<string, LiveRow>()
  #sort: TableSort | undefined

  constructor(options: TableOptions<Row>) {
    this.#options = options
    const { caption, columns } = options
    const head = element('tr', {}, ...columns.map((column) => this.#makeHeading(column)))
    const table = element(
      'table',
      {},
      element('caption', { class: 'hidden' }, caption),
      element('thead', {}, head),
      this.#body,
    )
    // Focusable, so that the keyboard can scroll a table that is wider than the screen.
    this.root = element(
      'div',
      { class: 'table', role: 'region', tabindex: 0, 'aria-label': caption },
      table,
    )
  }

  /**
   * Set the rows.
   *
   * @param chosen the name of the selected row
   * @param sort the order; undefined for that of their ranks
   */
  update(rows: readonly Row[], chosen: string | undefined, sort?: TableSort): void {
    const { columns, nameOf, markOf, wordOf, rankOf = () => 0 } = this.#options
    const isNewOrder =
      sort?.column !== this.#sort?.column || sort?.isDescending !== this.#sort?.isDescending
    this.#sort = sort
    const units = new Map(columns.map((column) => [column.key, this.#showHeading(column, rows)]))
    const left = new Set(this.#rows.keys())
    for (const row of rows) {
      const name = nameOf(row)
      left.delete(name)
      this.#rowOf(name).update({
        isChosen: name === chosen,
        mark: markOf?.(row),
        word: wordOf?.(row),
        cells: columns.map((column) => {
          if (column.kind !== 'number') return column.trend?.(row) ?? printable(name)
          const value = column.value(row)
          return value !== undefined && column.format !== undefined
            ? column.format(value)
            : formatNumber(value, units.get(column.key))
        }),
      })
    }
    for (const name of left) this.#remove(name)
    const isComplete = this.#body.childElementCount === this.#rows.size
    if (isNewOrder || !isComplete || !this.#isHeld) {
      this.#place(sortRows(rows, columns, sort, { nameOf, rankOf }).map(nameOf))
    }
  }

  /**
   * Whether rows keep their order, since the mouse or the focus is on one of them. A touched
   * element counts as hovered until the next touch.
   */
  get #isHeld(): boolean {
    const isPointedAt = HAS_MOUSE.matches && this.#body.matches(':hover')
    return isPointedAt || this.#body.querySelector(':focus-visible') !== null
  }

  #makeHeading(column: Column<Row>): HTMLTableCellElement {
    const { key, title, kind, hint } = column
    const { onSort } = this.#options
    const unit = element('span', { class: 'unit' })
    const label = [title, unit]
    const content =
      onSort === undefined || kind === 'trend'
        ? element('span', { title: hint }, ...label)
        : element('button', { type: 'button', class: 'sort', title: hint }, ...label)
    if (onSort !== undefined && kind !== 'trend') {
      content.addEventListener('click', () => onSort(key))
    }
    const cell = element('th', { scope: 'col', class: `${kind} column-${key}` }, content)
    this.#headings.set(key, { cell, unit })
    return cell
  }

  #showHeading(column: Column<Row>, rows: readonly Row[]): Unit | undefined {
    const heading = this.#headings.get(column.key) as Heading
    const isSorted = this.#sort?.column === column.key
    const direction = this.#sort?.isDescending ? 'descending' : 'ascending'
    setAttribute(heading.cell, 'aria-sort', isSorted ? direction : undefined)
    if (column.kind !== 'number') return undefined
    const largest = rows.reduce((max, row) => Math.max(max, column.value(row) ?? 0), 0)
    heading.current = chooseUnit(column.scale, largest, heading.current)
    const { name } = heading.current
    setText(heading.unit, name === '' || name.startsWith('/') ? name : ` ${name}`)
    return heading.current
  }

  #rowOf(name: string): LiveRow {
    const known = this.#rows.get(name)
    if (known !== undefined) return known
    const made = new LiveRow(name, this.#options.columns, () => this.#options.onChoose(name))
    this.#rows.set(name, made)
    return made
  }

  #remove(name: string): void {
    this.#rows.get(name)?.remove()
    this.#rows.delete(name)
  }

  /**
   * Moves only rows whose position changes. A moved row loses the focus, so the focus is restored.
   */
  #place(names: readonly string[]): void {
    const focused = document.activeElement
    let next = this.#body.firstElementChild
    for (const name of names) {
      const { root } = this.#rows.get(name) as LiveRow
      if (root === next) next = next.nextElementSibling
      else this.#body.insertBefore(root, next)
    }
    if (focused instanceof HTMLElement && focused !== document.activeElement) {
      focused.focus({ preventScroll: true })
    }
  }
}
