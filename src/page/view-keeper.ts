import type { LiveClient } from '../live/live-client.js'
import type { LiveInterval } from '../live/live-interval.js'
import type { LiveHello, LiveState } from '../live/live-message.js'
import { type LiveView, ViewBuilder } from '../live/live-view.js'
import { isSameFilter, type PageState } from './page-state.js'

interface Moment {
  readonly intervals: readonly LiveInterval[]
  readonly state: LiveState
  readonly hello: LiveHello
}

/** Computes the view of a state when one of both has changed, and holds a moment while it is paused. */
export class ViewKeeper {
  readonly #client: LiveClient
  #builder: ViewBuilder | undefined
  #hello: LiveHello | undefined
  #frozen: Moment | undefined
  #shown: { readonly moment: LiveState; readonly view: LiveView } | undefined

  constructor(client: LiveClient) {
    this.#client = client
  }

  /** What the server of the shown moment said of itself; undefined before the first connection. */
  get hello(): LiveHello | undefined {
    return (this.#frozen ?? this.#client).hello
  }

  /** When the moment was that a pause shows, in milliseconds since 1970. */
  get frozenAtMs(): number | undefined {
    return this.#frozen?.state.timestampMs
  }

  /** When the last update was, in milliseconds since 1970. */
  get latestMs(): number {
    return this.#client.state?.timestampMs ?? 0
  }

  /** Whether anything was recorded in the history. */
  get hasRows(): boolean {
    return this.#client.history.intervals.some(({ series }) => series.length > 0)
  }

  /** What could be chosen last. */
  get choices(): LiveView['choices'] | undefined {
    return this.#shown?.view.choices
  }

  /** What a state shows; undefined before the first update. */
  view(state: PageState): LiveView | undefined {
    const moment = this.#momentOf(state)
    if (moment === undefined) return undefined
    const isSame =
      this.#builder !== undefined &&
      this.#hello === moment.hello &&
      isSameFilter(this.#builder.filter, state)
    if (isSame && this.#shown?.moment === moment.state) return this.#shown.view
    if (!isSame) {
      const { window, operation, source, status } = state
      this.#hello = moment.hello
      this.#builder = new ViewBuilder(moment.hello.bounds, { window, operation, source, status })
    }
    const view = (this.#builder as ViewBuilder).build(moment.intervals, moment.state)
    this.#shown = { moment: moment.state, view }
    return view
  }

  #momentOf({ isPaused }: PageState): Moment | undefined {
    if (!isPaused) this.#frozen = undefined
    const { hello, state, history } = this.#client
    if (this.#frozen !== undefined) return this.#frozen
    if (hello === undefined || state === undefined) return undefined
    const moment = { hello, state, intervals: history.intervals }
    if (isPaused) this.#frozen = moment
    return moment
  }
}
