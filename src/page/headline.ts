import { isRestarting } from '../live/findings.js'
import type { LiveView } from '../live/live-view.js'
import { perSecond, rateOf } from './charts/chart-data.js'
import { element, setAttribute, setText } from './element.js'
import { Sparkline } from './sparkline.js'
import { formatSeconds } from './times.js'
import {
  BYTE_RATE_UNITS,
  chooseUnit,
  formatCount,
  formatNumber,
  formatWithUnit,
  PERCENT,
  RATE_UNITS,
  type Unit,
  type UnitScale,
} from './units.js'

interface Figure {
  readonly root: HTMLElement
  readonly number: HTMLElement
  readonly unit: HTMLElement
  readonly detail: HTMLElement
  readonly sparkline: Sparkline | undefined
  current?: Unit
}

/** The figures at the top: rates, engines that are up, and the last report. */
export class Headline {
  readonly #operations: Figure
  readonly #bytes: Figure
  readonly #failed: Figure
  readonly #engines: Figure
  readonly #report: Figure

  constructor(place: HTMLElement) {
    this.#operations = makeFigure('operations', 'operations', { hasTrend: true })
    this.#bytes = makeFigure('bytes', 'bytes', { hasTrend: true })
    this.#failed = makeFigure('failed', 'failed keys', { hasTrend: true })
    this.#engines = makeFigure('engines', 'engines up', { hasTrend: false })
    this.#report = makeFigure('report', 'last report', { hasTrend: false })
    const figures = [this.#operations, this.#bytes, this.#failed, this.#engines, this.#report]
    place.append(...figures.map(({ root }) => root))
  }

  update(view: LiveView): void {
    const { headline, timeline, enginesUp, enginesEnded, engineCount } = view
    showRate(this.#operations, headline.operationsPerSecond, RATE_UNITS)
    showRate(this.#bytes, headline.bytesPerSecond, BYTE_RATE_UNITS)
    showRate(this.#failed, headline.failedKeysPerSecond, RATE_UNITS)
    const { failedKeyRatio } = headline
    setText(
      this.#failed.detail,
      failedKeyRatio === undefined ? '' : `${formatWithUnit(failedKeyRatio, PERCENT)} of keys`,
    )
    this.#operations.sparkline?.set(timeline.map(rateOf))
    this.#bytes.sparkline?.set(timeline.map((point) => perSecond(point.numBytes, point)))
    this.#failed.sparkline?.set(timeline.map((point) => perSecond(point.numFailedKeys, point)))
    setText(this.#engines.number, formatCount(enginesUp))
    const expected = engineCount - enginesEnded
    // Restarting engines are up and down in turn; their text stays, so that it does not flash.
    const restarting = view.engines.filter((row) => isRestarting(row, view.timestampMs))
    const down = expected - enginesUp - restarting.filter(({ state }) => !state?.up).length
    setText(this.#engines.unit, `of ${formatCount(expected)}`)
    const details = [
      ...(down === 0 ? [] : [`▲ ${formatCount(down)} down`]),
      ...(restarting.length === 0 ? [] : [`▲ ${formatCount(restarting.length)} restarting`]),
      ...(enginesEnded === 0 ? [] : [`${formatCount(enginesEnded)} ended`]),
    ]
    setText(this.#engines.detail, details.join(', '))
    const isAlert = down + restarting.length > 0
    setAttribute(this.#engines.root, 'data-alert', isAlert ? 'true' : undefined)
  }

  /** Show how long ago the last report was; undefined before the first. */
  showReport(passedMs: number | undefined): void {
    setText(this.#report.number, passedMs === undefined ? '–' : formatSeconds(passedMs))
    setText(this.#report.unit, passedMs === undefined ? '' : 's ago')
  }
}

function makeFigure(id: string, title: string, { hasTrend }: { hasTrend: boolean }): Figure {
  const number = element('span', { class: 'number' })
  const unit = element('span', { class: 'unit' })
  const detail = element('span', { class: 'detail' })
  const sparkline = hasTrend ? new Sparkline() : undefined
  const root = element(
    'div',
    { class: 'figure', id: `headline-${id}` },
    element('dt', {}, title),
    element('dd', {}, number, ' ', unit, ' ', detail, sparkline?.canvas),
  )
  return { root, number, unit, detail, sparkline }
}

function showRate(figure: Figure, rate: number, scale: UnitScale): void {
  figure.current = chooseUnit(scale, rate, figure.current)
  setText(figure.number, formatNumber(rate, figure.current))
  setText(figure.unit, figure.current.name)
}
