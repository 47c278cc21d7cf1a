import { button, byId, element, setText } from './element.js'

/** The content of the banner. */
export interface BannerContent {
  readonly kind: 'stale' | 'paused'
  /** Screen readers announce it when it changes. */
  readonly message: string
  /** Not announced, since it changes each second. */
  readonly detail: string
  readonly action: string
  readonly onAction: () => void
}

/**
 * The line below the header, shown while the figures are stale or paused. It is a live region, so
 * its message changes only with the state.
 */
export class Banner {
  readonly #place = byId('banner', HTMLElement)
  readonly #message = element('strong')
  readonly #detail = element('span', { 'aria-hidden': 'true' })
  readonly #action = button('', () => this.#content?.onAction(), { class: 'plain' })
  readonly #root = element(
    'p',
    { class: 'banner' },
    this.#message,
    ' ',
    this.#detail,
    ' ',
    this.#action,
  )
  #content: BannerContent | undefined

  /** Show a content; undefined hides the banner. */
  show(content: BannerContent | undefined): void {
    this.#content = content
    if (content === undefined) {
      this.#root.remove()
      return
    }
    this.#root.dataset.kind = content.kind
    setText(this.#message, content.message)
    setText(this.#detail, content.detail)
    setText(this.#action, content.action)
    if (this.#root.parentNode === null) this.#place.append(this.#root)
  }
}
