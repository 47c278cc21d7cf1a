import { printable } from '../live/printable.js'
import { element } from './element.js'

/** A message in place of the figures. */
export interface MessageContent {
  /** Identifies the message: a message with the same key is not created again. */
  readonly key: string
  readonly title: string
  readonly body: readonly Node[]
  readonly isError?: boolean
}

/** A place for one message at a time. */
export class Message {
  readonly #place: HTMLElement
  #key: string | undefined

  constructor(place: HTMLElement) {
    this.#place = place
  }

  /** Show a message; an undefined key hides it. The content is created only for a new key. */
  show(key: string | undefined, make?: () => Omit<MessageContent, 'key'>): void {
    if (key === this.#key) return
    this.#key = key
    if (key === undefined || make === undefined) {
      this.#place.replaceChildren()
      return
    }
    const { title, body, isError = false } = make()
    this.#place.replaceChildren(
      element(
        'section',
        { class: `panel message${isError ? ' error' : ''}`, role: isError ? 'alert' : 'status' },
        element('h2', {}, title),
        ...body,
      ),
    )
  }
}

/** A paragraph. */
export function paragraph(...children: readonly (Node | string)[]): HTMLParagraphElement {
  return element('p', {}, ...children)
}

/** Names as a list in a sentence, each as code. */
export function codes(names: readonly string[]): (Node | string)[] {
  return names.flatMap((name, index) => [
    index === 0 ? '' : ', ',
    element('code', {}, printable(name)),
  ])
}
