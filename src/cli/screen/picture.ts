import { FAILING_RATIO } from '../../live/failing-operations.js'
import { RESTARTS_MIN } from '../../live/findings.js'
import { WINDOWS_MS } from '../../live/live-filter.js'
import { HEADLINE_MS, type LiveView } from '../../live/live-view.js'
import { OUTLIER_RATIO, OUTLIER_SECONDS_MIN } from '../../live/outliers.js'
import { countOf } from '../units.js'
import type { Condition } from './condition.js'
import { type Controls, KEY_HELP } from './controls.js'
import { HEAT_LINES_MIN, heatLines } from './heat-map.js'
import { headlineLines, latencyLines } from './headline.js'
import { PLAIN, type Style } from './style.js'
import { rejectionLines } from './rejection-lines.js'
import { engineTable, operationTable, type RowLines } from './tables.js'
import { printable } from '../../live/printable.js'
import { columnsOf, cutTo, fitTo } from './text.js'

const GAP = 2
const ALL_OPERATIONS = 'all operations'
/** Minimum width of lines; they are cut on a narrower screen. */
const COLUMNS_MIN = 40
const MS_PER_SECOND = 1_000
const PERCENT = 100
const MS_PER_MINUTE = 60_000
/** Minimum number of rows of the table of engines; charts are omitted first. */
const ENGINE_LINES_MIN = 4
const HELP_ITEMS = [
  ['q', 'quit'],
  ['space', 'pause'],
  ['w', 'window'],
  ['o', 'operation'],
  ['e', 'engine'],
  ['s', 'status'],
  ['←→', 'sort'],
  ['↑↓', 'move'],
  ['?', 'help'],
] as const
/** The code that connects an engine, shown without engines. */
const CONNECT_LINES = [
  'const aggregator = new EngineAggregator()',
  "new Worker('./engine.js', { workerData: { link: aggregator.connect(0) } })",
  'const recorder = createRecorder(workerData.link)   // in engine.js',
]

/** The content of the screen at one moment. */
export interface Picture {
  /** The start of the header. */
  readonly title: string
  readonly modelName: string | undefined
  /** Undefined before the first update. */
  readonly view: LiveView | undefined
  readonly controls: Controls
  readonly condition: Condition
  /** Lines above the last one, such as those of a log, the newest last. */
  readonly footer: readonly string[]
  /** The lines shown without a view. */
  readonly waiting: readonly string[]
}

/** The lines of a screen: exactly the given number, each at most as wide as the screen. */
export function drawPicture(
  picture: Picture,
  columns: number,
  rows: number,
  style: Style,
): string[] {
  if (columns < COLUMNS_MIN) {
    return drawPicture(picture, COLUMNS_MIN, rows, PLAIN).map((line) => cutTo(line, columns))
  }
  const { condition, controls } = picture
  // All figures that are out of date are faint; the message is not.
  const isStale = condition.kind === 'stale'
  const inner = isStale ? PLAIN : style
  const last = [helpLine(columns, style)]
  const notes = noteLines(picture, columns, style)
  const free = rows - 1 - notes.length - last.length
  const body = controls.isHelp
    ? keyLines(columns, style)
    : bodyLines(picture, columns, Math.max(0, free), inner)
  const shown = body.slice(0, Math.max(0, free))
  const filled = [...shown, ...new Array<string>(Math.max(0, free - shown.length)).fill('')]
  const painted = isStale && !controls.isHelp ? filled.map((line) => style.faint(line)) : filled
  return [headerLine(picture, columns, style), ...painted, ...notes, ...last].slice(0, rows)
}

/** The lines between the header and the notes, at most the given number. */
function bodyLines(
  { view, controls, condition, waiting }: Picture,
  columns: number,
  lines: number,
  style: Style,
): string[] {
  if (view === undefined) return ['', ...waiting.map((line) => cutTo(line, columns))]
  if (view.engineCount === 0 && view.engines.length === 0) return noEngineLines(columns, style)
  const table = engineTable(view, controls, condition.ageMs, columns, style)
  const engineLines = table.rows.reduce((sum, { lineCount }) => sum + lineCount, 0)
  const operations = operationTable(view, columns, style)
  const sections = [
    headlineLines(view, condition.ageMs, columns, style),
    latencyLines(view, columns, style),
    [
      operations.heading,
      ...operations.rows.flatMap(({ lines }) => lines()),
      ...(view.operations.length === 0 ? noMatchLines(view, columns, style) : []),
    ],
  ]
  const needed = sections.reduce((sum, section) => sum + section.length, 1 + engineLines)
  const spare = lines - needed - sections.length - 1
  const heat = spare >= HEAT_LINES_MIN ? heatLines(view, columns, spare, style) : []
  if (heat.length > 0) sections.splice(2, 0, heat)
  const top = withGaps(sections, lines - needed - heat.length)
  // On a low screen, the lines at the top are cut in favour of the engines.
  const room = Math.max(lines - top.length - 1, Math.min(ENGINE_LINES_MIN, lines - 1))
  return [
    ...top.slice(0, Math.max(0, lines - 1 - room)),
    table.heading,
    ...visibleEngines(table.rows, controls.selected, room, style),
  ]
}

/** Sections with an empty line after each, as far as there is space. */
function withGaps(sections: readonly (readonly string[])[], spare: number): string[] {
  // Empty lines before tables have priority: without colours, a heading looks like a row.
  const first = Math.max(0, sections.length - Math.max(spare, 0))
  return sections.flatMap((section, index) => (index >= first ? [...section, ''] : section))
}

/** The engines that fit, including the engine under the cursor. */
function visibleEngines(
  engines: readonly RowLines[],
  selected: string | undefined,
  room: number,
  style: Style,
): string[] {
  const all = engines.reduce((sum, { lineCount }) => sum + lineCount, 0)
  const place = all <= room ? room : room - 1
  const cursor = engines.findIndex(({ name }) => name === selected)
  let first = 0
  let used = 0
  let end = 0
  while (end < engines.length) {
    const next = engines[end].lineCount
    if (used + next > place && end > cursor) break
    while (used + next > place && first < end) used -= engines[first++].lineCount
    used += next
    end++
  }
  const lines = engines.slice(first, end).flatMap((engine) => engine.lines())
  const hidden = engines.length - (end - first)
  if (hidden === 0) return lines
  const more =
    first === 0 ? `↓ ${countOf(hidden, 'more engine')}` : `↑${first} ↓${engines.length - end} more`
  return [...lines, style.faint(`  ${more}`)]
}

function headerLine(picture: Picture, columns: number, style: Style): string {
  const { title, modelName, view, condition } = picture
  const word = cutTo(condition.word, columns)
  const paint = {
    live: style.accent,
    waiting: style.faint,
    stale: style.alert,
    paused: style.strong,
  }
  const room = columns - columnsOf(word) - GAP
  let right = view === undefined ? '' : filterText(view)
  const parts = [
    title,
    ...(modelName === undefined ? [] : [printable(modelName)]),
    ...(view === undefined ? [] : [countOf(view.engineCount, 'engine')]),
  ]
  const isTooWide = () => columnsOf(parts.join(' · ')) + GAP + columnsOf(right) > room
  if (isTooWide() && view !== undefined) right = right.replace(` · ${ALL_OPERATIONS}`, '')
  while (parts.length > 1 && isTooWide()) parts.pop()
  const left = cutTo(parts.join(' · '), Math.max(room, 0))
  const middle = cutTo(right, Math.max(room - columnsOf(left) - GAP, 0))
  const fill = ' '.repeat(
    Math.max(0, columns - columnsOf(left) - columnsOf(middle) - GAP - columnsOf(word)),
  )
  if (room <= 0) return paint[condition.kind](word)
  return `${style.strong(left)}${fill}${middle}${' '.repeat(GAP)}${paint[condition.kind](word)}`
}

/** The window and the filter of the tables, as text. */
export function filterText({ filter }: LiveView): string {
  const { window, operation, source, status } = filter
  const minutes = WINDOWS_MS[window] / MS_PER_MINUTE
  const chosen = [
    operation === undefined ? ALL_OPERATIONS : printable(operation),
    source === undefined ? '' : `engine ${printable(source)}`,
    status === undefined ? '' : `status ${printable(status)}`,
  ]
  return [`last ${minutes} min`, ...chosen.filter((text) => text !== '')].join(' · ')
}

/** The lines above the keys: the condition, rejections, and the log. */
function noteLines({ view, condition, footer }: Picture, columns: number, style: Style): string[] {
  const notes: string[] = []
  if (condition.message !== undefined) {
    notes.push(style.alert(cutTo(printable(condition.message), columns)))
  }
  const rejections = view === undefined ? [] : rejectionLines(view, columns, style)
  return [...notes, ...rejections, ...footer]
}

function helpLine(columns: number, style: Style): string {
  let text = ''
  let width = 0
  for (const [key, what] of HELP_ITEMS) {
    const gap = width === 0 ? '' : '  '
    width += columnsOf(`${gap}${key} ${what}`)
    if (width > columns) break
    text += `${gap}${style.strong(key)} ${style.faint(what)}`
  }
  return text
}

function keyLines(columns: number, style: Style): string[] {
  const seconds = HEADLINE_MS / MS_PER_SECOND
  const limit = OUTLIER_SECONDS_MIN * MS_PER_SECOND
  const keyColumns = Math.max(...KEY_HELP.map(([keys]) => columnsOf(keys)))
  const keys = KEY_HELP.map(
    ([key, what]) =>
      `  ${style.strong(fitTo(key, keyColumns))}  ${cutTo(what, columns - keyColumns - 4)}`,
  )
  const notes = [
    `Figures at the top: the last ${seconds} s. Below: the window.`,
    `! marks an engine that is down, restarted ${RESTARTS_MIN} times, or has`,
    `a p99 above ${limit} ms and ${OUTLIER_RATIO} × the median of the others,`,
    `and an operation of which more than ${PERCENT * FAILING_RATIO} % of the keys fail.`,
    '× median is the p99 divided by that median.',
  ]
  return ['', ...keys, '', ...notes.map((note) => style.faint(cutTo(`  ${note}`, columns)))]
}

function noEngineLines(columns: number, style: Style): string[] {
  return [
    '',
    style.strong('No engine yet. To connect one:'),
    '',
    ...CONNECT_LINES.map((line) => cutTo(`  ${line}`, columns)),
  ]
}

/** The message in place of rows if nothing matches the filter. */
export function noMatchLines(view: LiveView, columns: number, style: Style): string[] {
  const { source, status } = view.filter
  const text =
    source === undefined && status === undefined
      ? '  nothing recorded in this window'
      : `  nothing recorded in this window matches ${filterText(view)}; a shows all`
  return [style.faint(cutTo(text, columns))]
}
