import { element, setText } from '../element.js'

/** Rows at most: enough for a course, and few enough to be read. */
const ROWS_MAX = 12

/** A chart as a table for screen readers, of points that are evenly spread. */
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

  /** Show points; `textsAt` has a text for each title. */
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
