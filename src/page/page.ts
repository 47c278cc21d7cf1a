import { LiveClient } from '../live/live-client.js'
import { printable } from '../live/printable.js'
import { Banner } from './banner.js'
import { type Failure, freshnessOf } from './connection-state.js'
import { Content } from './content.js'
import { byId, setAttribute, setText } from './element.js'
import { FilterBar } from './filter-bar.js'
import { Message } from './message.js'
import {
  addressMessage,
  connectingMessage,
  failureMessage,
  noEngineMessage,
  reloadMessage,
} from './messages.js'
import {
  type AddressProblem,
  DEFAULT_STATE,
  type PageState,
  readAddress,
  writeAddress,
} from './page-state.js'
import { formatClock, formatPassed } from './times.js'
import { storedToken, storeToken, tokenMessage } from './token-form.js'
import { ViewKeeper } from './view-keeper.js'

/** Milliseconds between updates of the times on the page. */
const TICK_MS = 1_000
const UPDATE_MS_DEFAULT = 1_000
const NO_FILTER = { operation: undefined, source: undefined, status: undefined } as const

/** The page: its state, its connection and its elements. */
export class Page {
  readonly #url: string
  readonly #client: LiveClient
  readonly #views: ViewKeeper
  readonly #bar = new FilterBar((choice) => this.#choose(choice))
  readonly #banner = new Banner()
  readonly #message = new Message(byId('message', HTMLElement))
  readonly #content: Content
  readonly #pause = byId('pause', HTMLButtonElement)
  readonly #connection = byId('connection', HTMLElement)
  #state: PageState = DEFAULT_STATE
  #problems: readonly AddressProblem[] = []
  #isDrawPending = false
  /** The last failure of the connection; undefined after the next update. */
  #failure: Failure | undefined
  /** Number of refused tokens; the form is created again after each. */
  #refusedTokens = 0
  #hasToken = storedToken() !== undefined

  constructor(url: string) {
    this.#url = url
    this.#client = new LiveClient({
      url,
      authorization: authorizationOf(storedToken()),
      onChange: () => this.#changed(),
    })
    this.#views = new ViewKeeper(this.#client)
    this.#content = new Content({
      onChoose: (choice) => this.#choose(choice),
      onClear: () => this.#choose(NO_FILTER),
    })
  }

  /** Show the state in the address, and connect. */
  start(): void {
    this.#readAddress()
    addEventListener('popstate', () => this.#readAddress())
    this.#pause.addEventListener('click', () => this.#choose({ isPaused: !this.#state.isPaused }))
    // A page in the background does not draw, so it must draw when it becomes visible.
    document.addEventListener('visibilitychange', () => this.#requestDraw())
    setInterval(() => this.#requestDraw(), TICK_MS)
    // Headings of tables are sticky below the bar, whose height depends on the width and the
    // banner.
    const top = byId('top', HTMLElement)
    const { style } = document.documentElement
    new ResizeObserver(() => style.setProperty('--top', `${top.offsetHeight}px`)).observe(top)
    this.#client.connect()
  }

  #changed(): void {
    const { connection } = this.#client
    const { state } = connection
    if (state === 'live' || state === 'unauthorized') this.#failure = undefined
    if (state === 'lost' || state === 'refused') this.#failure = connection
    if (state === 'unauthorized' && this.#hasToken) {
      this.#hasToken = false
      this.#refusedTokens++
      storeToken(undefined)
    }
    this.#requestDraw()
  }

  #readAddress(): void {
    const { state, problems } = readAddress(location.search)
    this.#state = state
    this.#problems = problems
    this.#requestDraw()
  }

  #choose(choice: Partial<PageState>): void {
    this.#state = { ...this.#state, ...choice }
    this.#problems = []
    history.pushState(null, '', `${location.pathname}${writeAddress(this.#state)}`)
    this.#requestDraw()
  }

  /** Requests a drawing in the next frame. */
  #requestDraw(): void {
    if (this.#isDrawPending) return
    this.#isDrawPending = true
    requestAnimationFrame(() => {
      this.#isDrawPending = false
      this.#draw()
    })
  }

  #draw(): void {
    const view = this.#problems.length > 0 ? undefined : this.#views.view(this.#state)
    const { hello } = this.#views
    this.#bar.update(this.#state, view?.choices ?? this.#views.choices)
    if (hello !== undefined) {
      setText(byId('model', HTMLElement), printable(hello.modelName))
      document.title = `${printable(hello.modelName)} · moonmeter`
    }
    const isShown = this.#showMessage() && view !== undefined
    this.#content.root.hidden = !isShown
    if (isShown) this.#content.update(view, this.#state)
    this.#showConnection(isShown)
  }

  /** Shows a message in place of the figures, if there is one; returns whether there is none. */
  #showMessage(): boolean {
    const { connection, state } = this.#client
    const retry = () => this.#client.connect()
    if (this.#problems.length > 0) {
      const reset = () => this.#choose({})
      this.#message.show(`address ${location.search}`, () => addressMessage(this.#problems, reset))
    } else if (connection.state === 'unauthorized') {
      if (/^basic\b/i.test(connection.challenge)) this.#message.show('reload', reloadMessage)
      else {
        const isWrong = this.#refusedTokens > 0
        this.#message.show(`token ${this.#refusedTokens}`, () =>
          tokenMessage(isWrong, (token) => this.#useToken(token)),
        )
      }
    } else if (state === undefined) {
      const failure = this.#failure
      if (failure === undefined) {
        this.#message.show('connecting', () => connectingMessage(this.#url))
      } else {
        const key = `${failure.state} ${failure.reason}`
        this.#message.show(key, () => failureMessage(failure, this.#url, retry))
      }
    } else if (state.engines.length === 0 && !this.#views.hasRows) {
      this.#message.show('no engine', noEngineMessage)
    } else {
      this.#message.show(undefined)
      return true
    }
    return false
  }

  #useToken(token: string): void {
    storeToken(token)
    this.#hasToken = true
    this.#client.connect(authorizationOf(token))
  }

  #showConnection(isShown: boolean): void {
    const { connection, lastUpdateAtMs, hello } = this.#client
    const nowMs = performance.now()
    const silentMs = lastUpdateAtMs === undefined ? undefined : nowMs - lastUpdateAtMs
    const intervalMs = hello?.intervalMs ?? UPDATE_MS_DEFAULT
    const failure = this.#failure
    const freshness = freshnessOf({ connection, failure, silentMs, intervalMs, nowMs })
    const { kind, message, detail = '' } = freshness
    const { isPaused } = this.#state
    const isStale = message !== undefined
    const word = isPaused && kind === 'live' ? 'paused' : kind
    this.#bar.root.hidden = !isShown
    this.#pause.hidden = !isShown
    setText(this.#connection, word)
    this.#connection.dataset.state = word
    setText(this.#pause, isPaused ? 'Resume' : 'Pause')
    setAttribute(this.#pause, 'data-paused', isPaused ? 'true' : undefined)
    setAttribute(this.#content.root, 'data-stale', isStale ? 'true' : undefined)
    this.#content.showReport(isPaused ? 0 : (silentMs ?? 0))
    if (isShown && message !== undefined) {
      const onAction = () => this.#client.connect()
      this.#banner.show({ kind: 'stale', message, detail, action: 'Try now', onAction })
    } else if (isShown && isPaused) this.#showPaused()
    else this.#banner.show(undefined)
  }

  #showPaused(): void {
    const { frozenAtMs, latestMs } = this.#views
    if (frozenAtMs === undefined) return
    this.#banner.show({
      kind: 'paused',
      message: `Paused at ${formatClock(frozenAtMs)}.`,
      detail: `${formatPassed(latestMs - frozenAtMs)} behind.`,
      action: 'Resume',
      onAction: () => this.#choose({ isPaused: false }),
    })
  }
}

function authorizationOf(token: string | undefined): string | undefined {
  return token === undefined ? undefined : `Bearer ${token}`
}
