import { printable } from '../../live/printable.js'
import { button, element, setAttribute, setText } from '../element.js'
import { Sparkline } from '../sparkline.js'
import type { Column } from './column.js'

/** The mark of a row. */
export interface Mark {
  /** A class of the row, for which the style sheet colours the affected cells. */
  readonly kind: string
  readonly reason: string
}

/** The content of a row. */
export interface RowContent {
  readonly isChosen: boolean
  readonly mark: Mark | undefined
  /** A word after the name; the row is then grey. */
  readonly word: string | undefined
  /** Per column, the text of the cell or the values of its trend. */
  readonly cells: readonly (string | readonly number[])[]
}

interface Cell {
  readonly root: HTMLTableCellElement
  readonly text: Text
  readonly sparkline?: Sparkline
}

let marks = 0

/** One row of a table, which keeps its elements while its content changes. */
export class LiveRow {
  readonly root = element('tr')
  readonly #cells: readonly Cell[]
  readonly #choose: HTMLButtonElement
  readonly #word = element('span', { class: 'word' })
  #mark: { readonly root: HTMLElement; readonly reason: Text } | undefined

  constructor(
    name: string,
    columns: readonly Pick<Column<never>, 'kind' | 'key'>[],
    onChoose: () => void,
  ) {
    this.#choose = button('', onChoose, { class: 'choose', title: `Show only ${printable(name)}` })
    this.#cells = columns.map(({ kind, key }) => {
      const text = document.createTextNode('')
      const className = `${kind} column-${key}`
      if (kind === 'name') {
        this.#choose.append(text)
        return { text, root: element('th', { scope: 'row', class: className }, this.#choose) }
      }
      if (kind === 'number') return { text, root: element('td', { class: className }, text) }
      const sparkline = new Sparkline()
      return { text, sparkline, root: element('td', { class: className }, sparkline.canvas) }
    })
    this.root.append(...this.#cells.map(({ root }) => root))
  }

  /** Set the content; only differences change the elements. */
  update({ isChosen, mark, word, cells }: RowContent): void {
    setAttribute(this.#choose, 'aria-pressed', String(isChosen))
    for (const [index, { text, sparkline }] of this.#cells.entries()) {
      const content = cells[index]
      if (typeof content === 'string') setText(text, content)
      else sparkline?.set(content)
    }
    this.#showMark(mark)
    if (word === undefined) this.#word.remove()
    else if (this.#word.parentNode === null) this.#choose.after(this.#word)
    setText(this.#word, word ?? '')
    const past = word === undefined ? undefined : 'past'
    setAttribute(this.root, 'class', mark === undefined ? past : `marked ${mark.kind}`)
  }

  /** Remove the row from the page. */
  remove(): void {
    for (const { sparkline } of this.#cells) sparkline?.remove()
    this.root.remove()
  }

  #showMark(mark: Mark | undefined): void {
    if (mark === undefined) {
      this.#mark?.root.remove()
      this.#mark = undefined
      return
    }
    if (this.#mark === undefined) {
      const id = `mark-${++marks}`
      const reason = document.createTextNode('')
      const root = element(
        'span',
        { class: 'mark', tabindex: 0, role: 'note', 'aria-labelledby': id },
        element('span', { class: 'sign', 'aria-hidden': 'true' }, '▲'),
        element('span', { class: 'reason', id }, reason),
      )
      this.#mark = { root, reason }
      this.#choose.after(root)
    }
    setText(this.#mark.reason, mark.reason)
  }
}
