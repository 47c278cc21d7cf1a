import { engineFinding, type Finding, operationFinding } from '../../live/findings.js'
import { WINDOWS_MS } from '../../live/live-filter.js'
import type { EngineRow, LiveView } from '../../live/live-view.js'
import { type Column, layOut } from './columns.js'
import { figureColumns, numberColumn, PLAIN_UNIT } from './figures.js'
import { FORMATS, reasonIn } from './finding-formats.js'
import { secondsAgo } from './headline.js'
import { type SortName, sortEngines } from './sort-engines.js'
import { sparklineFromZero, type TimeAxis, timeAxis, valuesOn } from './sparkline.js'
import type { Style } from './style.js'
import { printable } from '../../live/printable.js'
import { cutTo } from './text.js'

const SORT_MARKS = { down: '↓', up: '↑' } as const
/** The prefix of the line with the reason of a mark. */
const REASON_MARK = '  └ '

/** The choices that the table of engines depends on, in addition to the view. */
export interface EngineChoices {
  readonly sort: SortName
  readonly isReversed: boolean
  readonly selected: string | undefined
}

/** The table of operations; those that are failing have the reason as text. */
export function operationTable(view: LiveView, width: number, style: Style): MarkedTable {
  const { operations } = view
  const findings = operations.map((row) => operationFinding(row, FORMATS))
  const { rate, p50, p90, p99, keys, bytes, failed } = figureColumns(operations)
  const { heading, row: lineOf } = layOut(
    {
      title: '  operation',
      names: operations.map(
        ({ operation }, index) =>
          `${markOf(operation, view.filter.operation, findings[index])} ${printable(operation)}`,
      ),
      columns: [rate, p50, p90, p99, keys, bytes, failed],
      trend: trendOf(view, (row) => operations[row].trend),
    },
    width,
    style,
  )
  const rows = operations.map(({ operation }, index) =>
    linesOf(
      operation,
      () => lineOf(index),
      findings[index],
      width,
      paintOf(findings[index], undefined, style),
    ),
  )
  return { heading, rows }
}

/** A table whose rows may have a line with a reason. */
export interface MarkedTable {
  readonly heading: string
  readonly rows: readonly RowLines[]
}

/** The lines of one engine or operation. */
export interface RowLines {
  readonly name: string
  /** One line, or two for a row that needs attention, whose second contains the reason. */
  readonly lineCount: 1 | 2
  /** Returns the lines; called for visible rows only. */
  readonly lines: () => readonly string[]
}

/** The table of engines; those that need attention are first, each with the reason as text. */
export function engineTable(
  view: LiveView,
  choices: EngineChoices,
  ageMs: number,
  width: number,
  style: Style,
): MarkedTable {
  const rows = sortEngines(view, choices)
  const findings = rows.map((row) => engineFinding(row, view.timestampMs, FORMATS))
  const { heading, row: lineOf } = layOut(
    {
      title: titleOf('engine', '  engine', choices),
      names: rows.map((row, index) => nameOf(row, view, choices, findings[index])),
      columns: engineColumns(rows, view, choices, ageMs),
      trend: trendOf(view, (row) => rows[row].trend),
    },
    width,
    style,
  )
  return {
    heading,
    rows: rows.map((row, index) =>
      linesOf(
        row.source,
        () => lineOf(index),
        findings[index],
        width,
        paintOf(findings[index], row.end, style),
      ),
    ),
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
  const lastReportMs = state?.lastReportMs ?? null
  return lastReportMs === null ? '–' : secondsAgo(nowMs - lastReportMs)
}

/** The name after its mark; `▸` marks the cursor. */
function nameOf(row: EngineRow, view: LiveView, choices: EngineChoices, finding?: Finding) {
  const { source } = row
  const mark = source === choices.selected ? '▸' : markOf(source, view.filter.source, finding)
  return [mark, printable(source), row.end].filter((part) => part !== undefined).join(' ')
}

/** `!` marks a row that needs attention, `•` that of the filter. */
function markOf(name: string, chosen: string | undefined, finding?: Finding): string {
  if (finding !== undefined) return '!'
  return name === chosen ? '•' : ' '
}

function paintOf(finding: Finding | undefined, end: string | undefined, style: Style) {
  if (finding !== undefined) return style.alert
  return end === undefined ? (text: string) => text : style.faint
}

function linesOf(
  name: string,
  line: () => string,
  finding: Finding | undefined,
  width: number,
  paint: (text: string) => string,
): RowLines {
  if (finding === undefined) return { name, lineCount: 1, lines: () => [paint(line())] }
  const reason = reasonIn(finding, width - REASON_MARK.length)
  return {
    name,
    lineCount: 2,
    lines: () => [line(), cutTo(REASON_MARK + reason, width)].map(paint),
  }
}

function titleOf(name: SortName, title: string, { sort, isReversed }: EngineChoices): string {
  if (name !== sort) return title
  // Names ascend and numbers descend, unless the order is reversed.
  return title + ((name === 'engine') === isReversed ? SORT_MARKS.down : SORT_MARKS.up)
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
