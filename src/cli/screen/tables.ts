import { WINDOWS_MS } from '../../live/live-filter.js'
import type { EngineRow, LiveView } from '../../live/live-view.js'
import { type Column, layOut, type TableLines } from './columns.js'
import { durationText, figureColumns, numberColumn, PLAIN_UNIT } from './figures.js'
import { secondsAgo } from './headline.js'
import { type SortName, sortEngines } from './sort-engines.js'
import { sparklineFromZero, type TimeAxis, timeAxis, valuesOn } from './sparkline.js'
import type { Style } from './style.js'
import { printable } from '../../live/printable.js'
import { columnsOf, cutTo } from './text.js'

const SORT_MARKS = { down: '↓', up: '↑' } as const
/** The prefix of the line with the reason of a mark. */
const REASON_MARK = '  └ '
const HOUR_MINUTE = 'hh:mm'.length

/** The choices that the table of engines depends on, in addition to the view. */
export interface EngineChoices {
  readonly sort: SortName
  readonly isReversed: boolean
  readonly selected: string | undefined
}

/** The table of operations. */
export function operationTable(view: LiveView, width: number, style: Style): TableLines {
  const { operations } = view
  const { rate, p50, p90, p99, keys, bytes, failed } = figureColumns(operations)
  return layOut(
    {
      title: '  operation',
      names: operations.map(
        ({ operation }) =>
          `${operation === view.filter.operation ? '•' : ' '} ${printable(operation)}`,
      ),
      columns: [rate, p50, p90, p99, keys, bytes, failed],
      trend: trendOf(view, (row) => operations[row].trend),
    },
    width,
    style,
  )
}

/** The lines of one engine. */
export interface EngineLines {
  readonly source: string
  /** One line, or two for an outlier, whose second contains the reason. */
  readonly lineCount: 1 | 2
  /** Returns the lines; called for visible engines only. */
  readonly lines: () => readonly string[]
}

/** The table of engines; outliers are first, each with the reason as text. */
export function engineTable(
  view: LiveView,
  choices: EngineChoices,
  ageMs: number,
  width: number,
  style: Style,
): { readonly heading: string; readonly engines: readonly EngineLines[] } {
  const rows = sortEngines(view.engines, choices)
  const { heading, row: lineOf } = layOut(
    {
      title: titleOf('engine', '  engine', choices),
      names: rows.map((row) => nameOf(row, view, choices)),
      columns: engineColumns(rows, view, choices, ageMs),
      trend: trendOf(view, (row) => rows[row].trend),
    },
    width,
    style,
  )
  return {
    heading,
    engines: rows.map((row, index) => {
      const reason = reasonOf(row, width - REASON_MARK.length)
      const isBad = reason !== undefined || row.state?.up !== true
      const paint = isBad ? style.alert : (text: string) => text
      const second = reason === undefined ? [] : [style.alert(cutTo(REASON_MARK + reason, width))]
      return {
        source: row.source,
        lineCount: reason === undefined ? 1 : 2,
        lines: () => [paint(lineOf(index)), ...second],
      }
    }),
  }
}

function engineColumns(
  rows: readonly EngineRow[],
  view: LiveView,
  choices: EngineChoices,
  ageMs: number,
): Column[] {
  const { rate, p50, p90, p99, failed } = figureColumns(rows)
  const ratio = numberColumn(
    '× median',
    rows.map(({ p99Ratio }) => p99Ratio),
    5,
    PLAIN_UNIT,
  )
  const report: Column = {
    title: 'last report',
    cells: rows.map(({ state }) => reportCell(state, view.timestampMs + ageMs)),
    align: 'right',
    keep: 2,
  }
  const restarts = numberColumn(
    'restarts',
    rows.map(({ state }) => state?.restarts),
    1,
    PLAIN_UNIT,
  )
  const all: [SortName, Column][] = [
    ['rate', rate],
    ['p50', p50],
    ['p90', p90],
    ['p99', p99],
    ['ratio', ratio],
    ['failed', failed],
    ['report', report],
    ['restarts', restarts],
  ]
  return all.map(([name, column]) => ({ ...column, title: titleOf(name, column.title, choices) }))
}

function reportCell(state: EngineRow['state'], nowMs: number): string {
  if (state === undefined) return 'dropped'
  if (state.lastReportMs === null) return state.up ? '–' : 'down –'
  const ago = secondsAgo(nowMs - state.lastReportMs)
  return state.up ? ago : `down ${ago}`
}

/** `▸` marks the cursor, `!` an engine that needs attention, `•` the engine of the filter. */
function nameOf({ source, outlier, state }: EngineRow, view: LiveView, choices: EngineChoices) {
  let mark = ' '
  if (source === choices.selected) mark = '▸'
  else if (outlier !== undefined || state?.up !== true) mark = '!'
  else if (source === view.filter.source) mark = '•'
  return `${mark} ${printable(source)}`
}

function titleOf(name: SortName, title: string, { sort, isReversed }: EngineChoices): string {
  if (name !== sort) return title
  // Names ascend and numbers descend, unless the order is reversed.
  return title + ((name === 'engine') === isReversed ? SORT_MARKS.down : SORT_MARKS.up)
}

/** The reason of a mark as text, shorter if there is little space. */
function reasonOf({ outlier, p99 }: EngineRow, width: number): string | undefined {
  if (outlier === undefined) return undefined
  const ratio = Number(outlier.ratio.toPrecision(2))
  const since = new Date(outlier.sinceMs).toTimeString().slice(0, HOUR_MINUTE)
  const start = `p99 ${durationText(p99)}, ${ratio} ×`
  const long = `${start} the median of the other engines since ${since}`
  return columnsOf(long) <= width ? long : `${start} the others' median since ${since}`
}

function trendOf(view: LiveView, valuesOf: (row: number) => readonly number[]) {
  let axis: TimeAxis | undefined
  return (row: number, columns: number) => {
    if (axis?.columns !== columns) {
      axis = timeAxis(view.timeline, WINDOWS_MS[view.filter.window], columns)
    }
    return sparklineFromZero(valuesOn(axis, valuesOf(row), 'mean'))
  }
}
