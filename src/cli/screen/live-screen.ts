import type { LiveInterval } from '../../live/live-interval.js'
import type { LiveState } from '../../live/live-message.js'
import { type LiveView, ViewBuilder } from '../../live/live-view.js'
import { AlternateScreen } from './alternate-screen.js'
import { conditionOf } from './condition.js'
import { type Controls, type Key, press } from './controls.js'
import type { LiveData } from './live-data.js'
import { drawPicture } from './picture.js'
import { styleOf } from './style.js'

/** Milliseconds between two drawings without an update, so that ages are current. */
const TICK_MS = 1_000

/** Options of a `LiveScreen`. */
export interface LiveScreenOptions {
  readonly title: () => string
  readonly data: LiveData
  readonly controls: Controls
  readonly output: NodeJS.WriteStream
  readonly input: NodeJS.ReadStream | undefined
  /** Lines above the keys. */
  readonly footer?: (columns: number) => readonly string[]
  /** Shown before the first update. */
  readonly waiting?: () => readonly string[]
  /** Called when a key ends the program. */
  readonly onQuit: () => void
}

/** Shows live data on the alternate screen, and handles the keys for filters and sorting. */
export class LiveScreen {
  readonly #options: LiveScreenOptions
  readonly #screen: AlternateScreen
  readonly #tick: NodeJS.Timeout
  #controls: Controls
  #builder: ViewBuilder | undefined
  #bounds: readonly number[] | undefined
  /** The data of a pause; filters can change during a pause. */
  #frozen: { readonly intervals: readonly LiveInterval[]; readonly state: LiveState } | undefined

  constructor(options: LiveScreenOptions) {
    this.#options = options
    this.#controls = options.controls
    const { output, input } = options
    this.#tick = setInterval(() => this.draw(), TICK_MS)
    this.#screen = new AlternateScreen({
      ...{ output, input },
      onKey: (key) => this.#press(key),
      // Deferred, since `#screen` is not set during its constructor.
      onResize: () => queueMicrotask(() => this.draw()),
    })
  }

  /** Draw the current data. */
  draw(): void {
    const { data, title, output, footer, waiting } = this.#options
    const { columns, rows } = this.#screen
    const picture = {
      title: title(),
      modelName: data.hello?.modelName,
      view: this.#view(),
      controls: this.#controls,
      condition: conditionOf(data, this.#controls.isPaused, performance.now()),
      footer: footer?.(columns) ?? [],
      waiting: waiting?.() ?? [],
    }
    this.#screen.draw(drawPicture(picture, columns, rows, styleOf(output)))
    this.#tick.refresh()
  }

  /** Leave the screen. */
  close(): void {
    clearInterval(this.#tick)
    this.#screen.close()
  }

  #press(key: Key): void {
    const controls = press(this.#controls, key, this.#view())
    if (controls === 'quit') {
      this.#options.onQuit()
      return
    }
    const { data } = this.#options
    if (!controls.isPaused) this.#frozen = undefined
    else if (this.#frozen === undefined && data.state !== undefined) {
      this.#frozen = { intervals: data.history.intervals, state: data.state }
    }
    this.#controls = controls
    this.draw()
  }

  #view(): LiveView | undefined {
    const { hello, state, history } = this.#options.data
    const shown = this.#frozen ?? (state && { intervals: history.intervals, state })
    if (hello === undefined || shown === undefined) return undefined
    const { filter } = this.#controls
    if (this.#builder?.filter !== filter || this.#bounds !== hello.bounds) {
      this.#builder = new ViewBuilder(hello.bounds, filter)
      this.#bounds = hello.bounds
    }
    return this.#builder.build(shown.intervals, shown.state)
  }
}
