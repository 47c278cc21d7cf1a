import { type Finding, findingsOf, type Subject } from '../live/findings.js'
import type { LiveView } from '../live/live-view.js'
import { printable } from '../live/printable.js'
import { describeNoFindings, FORMATS } from './attention.js'
import { button, byId, element, setAttribute, setText } from './element.js'
import { countOf } from './units.js'

/** Maximum number of engines, and of operations, in the list; the tables mark all. */
const SUBJECTS_MAX = 4
const TITLES = { engine: 'Engine', operation: 'Operation' } as const

interface Line {
  readonly root: HTMLElement
  readonly choose: HTMLButtonElement
  /** The name of what cannot be chosen. */
  readonly title: HTMLElement
  readonly reason: HTMLElement
  subject: Subject | undefined
}

/** The list of findings as text, or a statement that there are none. */
export class AttentionList {
  readonly #place = byId('attention', HTMLElement)
  readonly #fine = element('p', { class: 'fine' })
  readonly #list = element('ul')
  readonly #more = element('p', { class: 'note' })
  readonly #lines: Line[] = []
  readonly #onChoose: (subject: Subject) => void

  constructor(onChoose: (subject: Subject) => void) {
    this.#onChoose = onChoose
    this.#place.append(this.#fine, this.#list, this.#more)
  }

  update(view: LiveView): void {
    const findings = findingsOf(view, FORMATS)
    setAttribute(this.#place, 'data-alert', findings.length === 0 ? undefined : 'true')
    setText(this.#fine, findings.length > 0 ? '' : describeNoFindings(view))
    const engines = findings.filter(({ subject }) => subject?.kind === 'engine')
    const operations = findings.filter(({ subject }) => subject?.kind === 'operation')
    const hidden = [engines.slice(SUBJECTS_MAX), operations.slice(SUBJECTS_MAX)]
    const left = new Set(hidden.flat())
    this.#show(findings.filter((finding) => !left.has(finding)))
    const [moreEngines = 0, moreOperations = 0] = hidden.map(({ length }) => length)
    const more = [
      ...(moreEngines === 0 ? [] : [countOf(moreEngines, 'more engine')]),
      ...(moreOperations === 0 ? [] : [countOf(moreOperations, 'more operation')]),
    ]
    setText(this.#more, more.length === 0 ? '' : `and ${more.join(' and ')}, marked below`)
  }

  #show(findings: readonly Finding[]): void {
    while (this.#lines.length > findings.length) this.#lines.pop()?.root.remove()
    while (this.#lines.length < findings.length) this.#lines.push(this.#makeLine())
    for (const [index, { subject, reason }] of findings.entries()) {
      const line = this.#lines[index]
      line.subject = subject
      line.choose.hidden = subject === undefined
      setText(
        line.choose,
        subject === undefined ? '' : `${TITLES[subject.kind]} ${printable(subject.name)}`,
      )
      setText(line.title, subject === undefined ? 'Payloads' : '')
      setText(line.reason, reason)
    }
  }

  #makeLine(): Line {
    const reason = element('span')
    const choose = button('', () => line.subject && this.#onChoose(line.subject), {
      class: 'plain',
    })
    const title = element('strong')
    const sign = element('span', { class: 'sign', 'aria-hidden': 'true' }, '▲')
    const line: Line = {
      root: element('li', {}, sign, choose, title, ' ', reason),
      ...{ choose, title, reason, subject: undefined },
    }
    this.#list.append(line.root)
    return line
  }
}
