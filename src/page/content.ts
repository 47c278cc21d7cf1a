import { FAILING_RATIO } from '../live/failing-operations.js'
import { RESTARTS_MIN } from '../live/findings.js'
import { WINDOWS_MS } from '../live/live-filter.js'
import { HEADLINE_MS, type LiveView } from '../live/live-view.js'
import { printable } from '../live/printable.js'
import { OUTLIER_RATIO, OUTLIER_SECONDS_MIN } from '../live/outliers.js'
import { describeRejections } from './attention.js'
import { AttentionList } from './attention-list.js'
import { Charts } from './charts/charts.js'
import { byId, setAttribute, setText } from './element.js'
import { Headline } from './headline.js'
import { Message } from './message.js'
import { nothingMessage } from './messages.js'
import { nextSort, type PageState, type SortColumn } from './page-state.js'
import { EngineTable } from './tables/engine-table.js'
import { OperationTable } from './tables/operation-table.js'
import { formatPassed } from './times.js'
import { DURATION_UNITS, formatTick, PERCENT } from './units.js'

const MS_PER_SECOND = 1_000
/** Missing milliseconds of a window from which the page shows the covered time. */
const COVERED_SLACK_MS = 10_000

/** Callbacks of the content. */
export interface ContentOptions {
  readonly onChoose: (choice: Partial<PageState>) => void
  readonly onClear: () => void
}

/** Everything below the header: figures, charts and tables. */
export class Content {
  readonly root = byId('content', HTMLElement)
  readonly #options: ContentOptions
  readonly #headline = new Headline(byId('headline', HTMLElement))
  readonly #attention: AttentionList
  readonly #nothing = new Message(byId('nothing', HTMLElement))
  readonly #chartsPlace = byId('charts', HTMLElement)
  readonly #charts = new Charts(this.#chartsPlace)
  readonly #operations: OperationTable
  readonly #engines: EngineTable
  #state: PageState | undefined
  #view: LiveView | undefined

  constructor(options: ContentOptions) {
    this.#options = options
    const { onChoose } = options
    const toggleEngine = (source: string) =>
      onChoose({ source: this.#state?.source === source ? undefined : source })
    this.#attention = new AttentionList(({ kind, name }) =>
      onChoose(kind === 'engine' ? { source: name } : { operation: name }),
    )
    this.#operations = new OperationTable(byId('operations', HTMLElement), (operation) =>
      onChoose({ operation: this.#state?.operation === operation ? undefined : operation }),
    )
    this.#engines = new EngineTable(byId('engines', HTMLElement), {
      onChoose: toggleEngine,
      onSort: (column) => onChoose({ sort: nextSort(this.#state?.sort, column as SortColumn) }),
    })
    setText(
      byId('rule', HTMLElement),
      `▲ marks an engine that is down, that restarted ${RESTARTS_MIN} times in the window, or whose ` +
        `p99 is above ${OUTLIER_RATIO} × the median of the p99 of the other engines in the window ` +
        `and above ${formatTick(OUTLIER_SECONDS_MIN, DURATION_UNITS)}; and an operation of which ` +
        `more than ${formatTick(FAILING_RATIO, PERCENT)} of the keys fail. Quantiles are those of ` +
        'the bins that engines report: within 1.6 % of the duration.',
    )
  }

  update(view: LiveView, state: PageState): void {
    const isNew = view !== this.#view || state !== this.#state
    if (!isNew) return
    this.#view = view
    this.#state = state
    // The time of the shown snapshot, for comparison with other figures.
    setAttribute(this.root, 'data-timestamp', String(view.timestampMs))
    this.#headline.update(view)
    this.#attention.update(view)
    const hasRows = view.timeline.some(({ rows }) => rows > 0)
    const key = hasRows ? undefined : JSON.stringify([state, view.choices, view.engineCount])
    this.#nothing.show(key, () => nothingMessage(view, state, this.#options.onClear))
    this.#chartsPlace.hidden = !hasRows
    if (hasRows) this.#charts.update(view)
    this.#operations.update(view)
    this.#engines.update(view, state.sort)
    this.#showNotes(view)
  }

  /** @param silentMs since the last update */
  showReport(silentMs: number): void {
    const { timestampMs = 0, lastReportMs = null } = this.#view ?? {}
    this.#headline.showReport(
      lastReportMs === null ? undefined : Math.max(0, timestampMs - lastReportMs) + silentMs,
    )
  }

  #showNotes(view: LiveView): void {
    const { coveredMs, filter, rejections } = view
    const windowMs = WINDOWS_MS[filter.window]
    const covered =
      coveredMs >= windowMs - COVERED_SLACK_MS
        ? formatPassed(windowMs)
        : `${formatPassed(coveredMs)} so far`
    const operation = filter.operation && `operation ${printable(filter.operation)}`
    const engine = filter.source && `engine ${printable(filter.source)}`
    const status = filter.status && `status ${printable(filter.status)}`
    const headline = `Headline: the last ${HEADLINE_MS / MS_PER_SECOND} s.`
    const window = `Charts and tables: the last ${covered}.`
    const only = onlyOf(operation, engine, status)
    const charts = only === '' ? '' : `Headline and charts: ${only}.`
    setText(byId('note', HTMLElement), [headline, window, charts].join(' '))
    setText(byId('operations-note', HTMLElement), onlyOf(engine, status))
    const notes = [onlyOf(operation, status), describeRejections(rejections)].filter(Boolean)
    setText(byId('engines-note', HTMLElement), notes.join(' · '))
  }
}

/** The set parts of the filter, as text. */
function onlyOf(...parts: readonly (string | undefined)[]): string {
  const chosen = parts.filter((part) => part !== undefined)
  return chosen.length === 0 ? '' : `only ${chosen.join(', ')}`
}
