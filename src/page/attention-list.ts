import type { LiveView } from '../live/live-view.js'
import { printable } from '../live/printable.js'
import { findingsOf } from './attention.js'
import { button, byId, element, setAttribute, setText } from './element.js'
import { countOf } from './units.js'

/** Maximum number of findings in the list; the table of engines shows all. */
const FINDINGS_MAX = 4

interface Line {
  readonly root: HTMLElement
  readonly choose: HTMLButtonElement
  readonly reason: HTMLElement
  source: string
}

/** The list of findings as text, or a statement that there are none. */
export class AttentionList {
  readonly #place = byId('attention', HTMLElement)
  readonly #fine = element('p', { class: 'fine' })
  readonly #list = element('ul')
  readonly #more = element('p', { class: 'note' })
  readonly #lines: Line[] = []
  readonly #onChoose: (source: string) => void

  constructor(onChoose: (source: string) => void) {
    this.#onChoose = onChoose
    this.#place.append(this.#fine, this.#list, this.#more)
  }

  update(view: LiveView): void {
    const findings = findingsOf(view)
    const isCompared = view.engines.some(({ p99Ratio }) => p99Ratio !== undefined)
    const shown = findings.slice(0, FINDINGS_MAX)
    setAttribute(this.#place, 'data-alert', findings.length === 0 ? undefined : 'true')
    setText(
      this.#fine,
      findings.length > 0 ? '' : `All engines are up${isCompared ? ', and none is slow.' : '.'}`,
    )
    while (this.#lines.length > shown.length) this.#lines.pop()?.root.remove()
    while (this.#lines.length < shown.length) this.#lines.push(this.#makeLine())
    for (const [index, { source, reason }] of shown.entries()) {
      const line = this.#lines[index]
      line.source = source
      setText(line.choose, `Engine ${printable(source)}`)
      setText(line.reason, reason)
    }
    const more = findings.length - shown.length
    setText(this.#more, more === 0 ? '' : `and ${countOf(more, 'more engine')}, marked below`)
  }

  #makeLine(): Line {
    const reason = element('span')
    const choose = button('', () => this.#onChoose(line.source), { class: 'plain' })
    const sign = element('span', { class: 'sign', 'aria-hidden': 'true' }, '▲')
    const line: Line = {
      root: element('li', {}, sign, choose, ' ', reason),
      choose,
      reason,
      source: '',
    }
    this.#list.append(line.root)
    return line
  }
}
