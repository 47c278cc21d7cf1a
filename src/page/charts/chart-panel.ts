import { element, setAttribute, setText } from '../element.js'
import { SummaryTable } from './summary-table.js'

/** One value of a chart, in its heading. */
export interface LegendEntry {
  readonly key: string
  readonly label: string
}

/** Options and callbacks of a panel. */
export interface PanelOptions {
  readonly id: string
  readonly title: string
  readonly legend: readonly LegendEntry[]
  /** Move the cursor to a point, or away. */
  readonly onChoose: (index: number | undefined) => void
  /** Called with a key that the panel does not handle; returns whether the chart handled it. */
  readonly onKey?: (key: string) => boolean
}

/** The texts of the point under the cursor, or of the last point. */
export interface Readout {
  readonly time: string
  /** A text per entry of the legend. */
  readonly values: readonly string[]
}

/**
 * The frame of a chart: its title, the values under the cursor, and a table as a text alternative.
 * The keyboard moves the cursor like a slider, which screen readers announce.
 */
export class ChartPanel {
  readonly root: HTMLElement
  readonly place: HTMLElement
  readonly #options: PanelOptions
  readonly #values: HTMLElement[]
  readonly #time = element('span', { class: 'readout-time' })
  readonly #summary: SummaryTable
  #count = 0
  #index: number | undefined
  #isMoving = false

  constructor(options: PanelOptions, extra?: HTMLElement) {
    this.#options = options
    const { id, title, legend } = options
    this.#values = legend.map(() => element('span', { class: 'value' }))
    const entries = legend.map(({ key, label }, index) =>
      element(
        'span',
        { class: 'entry' },
        element('span', { class: `swatch swatch-${key}`, 'aria-hidden': 'true' }),
        element('span', {}, label),
        this.#values[index],
      ),
    )
    this.place = element('div', {
      class: 'plot',
      id: `${id}-plot`,
      tabindex: 0,
      role: 'slider',
      'aria-orientation': 'horizontal',
      'aria-label': `${title} over time`,
      'aria-valuemin': 0,
      'aria-valuemax': 0,
      'aria-valuenow': 0,
    })
    this.#summary = new SummaryTable(`${title} over time`, [
      'time',
      ...legend.map(({ label }) => label),
    ])
    this.root = element(
      'section',
      { class: 'panel chart', 'aria-labelledby': `${id}-heading` },
      element(
        'header',
        { class: 'panel-head' },
        element('h2', { id: `${id}-heading` }, title),
        // The readout has no room for the time beside three values.
        extra ?? this.#time,
        element('p', { class: 'readout' }, extra && this.#time, ...entries),
      ),
      this.place,
      this.#summary.root,
    )
    this.place.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return
      this.#isMoving = true
      if (this.#move(event.key)) event.preventDefault()
      this.#isMoving = false
    })
    this.place.addEventListener('blur', () => this.#choose(undefined))
  }

  /**
   * Show the values under the cursor.
   *
   * @param index undefined for the last point
   */
  read({ time, values }: Readout, index: number | undefined): void {
    setText(this.#time, index === undefined ? 'now' : time)
    for (const [place, value] of this.#values.entries()) setText(value, values[place] ?? '')
    // Screen readers announce each change of the focused slider, so updates must not change it.
    if (document.activeElement === this.place && !this.#isMoving) return
    const texts = this.#options.legend.map(({ label }, place) => `${label} ${values[place]}`)
    setAttribute(this.place, 'aria-valuenow', String(index ?? Math.max(0, this.#count - 1)))
    setAttribute(this.place, 'aria-valuetext', `${time}: ${texts.join(', ')}`)
  }

  /** Set the points. */
  setPoints(count: number, readoutAt: (index: number) => Readout): void {
    this.#count = count
    setAttribute(this.place, 'aria-valuemax', String(Math.max(0, count - 1)))
    this.#summary.update(count, (index) => {
      const { time, values } = readoutAt(index)
      return [time, ...values]
    })
  }

  #move(key: string): boolean {
    const last = this.#count - 1
    if (last < 0) return false
    const index = this.#index ?? last
    const page = Math.max(1, Math.round(this.#count / 10))
    const moves: Readonly<Record<string, number | undefined>> = {
      ArrowLeft: index - 1,
      ArrowRight: index + 1,
      PageDown: index - page,
      PageUp: index + page,
      Home: 0,
      End: last,
    }
    if (key === 'Escape') {
      this.#choose(undefined)
      return true
    }
    const to = moves[key]
    if (to === undefined) return this.#options.onKey?.(key) ?? false
    this.#choose(Math.min(Math.max(to, 0), last))
    return true
  }

  #choose(index: number | undefined): void {
    if (index === undefined && this.#index === undefined) return
    this.#index = index
    this.#options.onChoose(index)
  }
}
