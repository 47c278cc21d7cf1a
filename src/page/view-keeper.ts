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

/**
 * Computes the view of a state when the state or the data has changed, and keeps the data while the
 * page is paused.
 */
export class ViewKeeper {
  readonly #client: LiveClient
  #builder: ViewBuilder | undefined
  #hello: LiveHello | undefined
  #frozen: Moment | undefined
  #shown: { readonly moment: LiveState; readonly view: LiveView } | undefined

  constructor(client: LiveClient) {
    this.#client = client
  }

  /** The event `hello` of the shown data; undefined before the first connection. */
  get hello(): LiveHello | undefined {
    return (this.#frozen ?? this.#client).hello
  }

  /** The time of the paused data, in milliseconds since 1970. */
  get frozenAtMs(): number | undefined {
    return this.#frozen?.state.timestampMs
  }

  /** The time of the last update, in milliseconds since 1970. */
  get latestMs(): number {
    return this.#client.state?.timestampMs ?? 0
  }

  /** Whether the history has any rows. */
  get hasRows(): boolean {
    return this.#client.history.intervals.some(({ series }) => series.length > 0)
  }

  /** The options of the filters in the last view. */
  get choices(): LiveView['choices'] | undefined {
    return this.#shown?.view.choices
  }

  /** The view of a state; undefined before the first update. */
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
