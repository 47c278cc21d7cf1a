import { element, setText } from '../element.js'

/** Maximum number of rows, which a user can listen to. */
const ROWS_MAX = 12

/** A table of evenly spaced points of a chart, for screen readers. */
export class SummaryTable {
  readonly root: HTMLElement
  readonly #titles: readonly string[]
  readonly #body = element('tbody')

  constructor(caption: string, titles: readonly string[]) {
    this.#titles = titles
    this.root = element(
      'table',
      { class: 'hidden' },
      element('caption', {}, caption),
      element(
        'thead',
        {},
        element('tr', {}, ...titles.map((title) => element('th', { scope: 'col' }, title))),
      ),
      this.#body,
    )
  }

  /** Set the points; `textsAt` returns a text per title. */
  update(count: number, textsAt: (index: number) => readonly string[]): void {
    const rows = Math.min(count, ROWS_MAX)
    while (this.#body.rows.length > rows) this.#body.deleteRow(-1)
    while (this.#body.rows.length < rows) {
      this.#body.append(element('tr', {}, ...this.#titles.map(() => element('td'))))
    }
    for (const [place, row] of [...this.#body.rows].entries()) {
      const texts = textsAt(Math.round(((place + 1) * count) / rows) - 1)
      for (const [column, cell] of [...row.cells].entries()) setText(cell, texts[column] ?? '')
    }
  }
}
