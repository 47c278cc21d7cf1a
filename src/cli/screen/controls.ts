import { type LiveFilter, WINDOWS_MS, type WindowName } from '../../live/live-filter.js'
import type { LiveView } from '../../live/live-view.js'
import { SORT_NAMES, type SortName, sortEngines } from './sort-engines.js'

/** The names of the windows, the shortest first. */
export const WINDOW_NAMES = Object.keys(WINDOWS_MS) as readonly WindowName[]

/** The choices of the user. */
export interface Controls {
  readonly filter: LiveFilter
  readonly sort: SortName
  /** Whether the order of the column is reversed. */
  readonly isReversed: boolean
  readonly isPaused: boolean
  /** Whether the list of keys is shown. */
  readonly isHelp: boolean
  /** The engine under the cursor; undefined before the cursor was moved. */
  readonly selected: string | undefined
}

/** The initial choices. */
export const CONTROLS: Controls = {
  filter: { window: '5m' },
  sort: 'engine',
  isReversed: false,
  isPaused: false,
  isHelp: false,
  selected: undefined,
}

/** A key as `node:readline` reports it. */
export interface Key {
  readonly name?: string | undefined
  /** The characters of the key. */
  readonly sequence?: string | undefined
  readonly ctrl?: boolean | undefined
}

/** The keys and their descriptions. */
export const KEY_HELP: readonly (readonly [keys: string, what: string])[] = [
  ['q, Ctrl-C', 'quit'],
  ['space', 'pause; filters and sorting still work'],
  ['w', 'the next window: 1, 5 or 15 minutes'],
  ['o O', 'show the next or previous operation, or all'],
  ['e E', 'show the next or previous engine, or all'],
  ['s S', 'show the next or previous status, or all'],
  ['↑ ↓ enter', 'select an engine; show only this engine, or all'],
  ['← →', 'sort engines by the column left or right'],
  ['r', 'reverse the order'],
  ['a, esc', 'show all operations, engines and statuses'],
  ['?', 'show or hide this list'],
]

/** The choices after a key; `quit` if the key ends the program. */
export function press(controls: Controls, key: Key, view: LiveView | undefined): Controls | 'quit' {
  const { filter, sort } = controls
  const withFilter = (change: Partial<LiveFilter>): Controls => ({
    ...controls,
    filter: { ...filter, ...change },
  })
  const { operations = [], sources = [], statuses = [] } = view?.choices ?? {}
  if (key.ctrl) return key.name === 'c' ? 'quit' : controls
  switch (key.name === 'escape' ? 'a' : key.sequence) {
    case 'q':
      return 'quit'
    case '?':
      return { ...controls, isHelp: !controls.isHelp }
    case ' ':
      return { ...controls, isPaused: !controls.isPaused }
    case 'w':
      return withFilter({ window: nextOf(WINDOW_NAMES, filter.window, 1) ?? filter.window })
    case 'o':
    case 'O':
      return withFilter({ operation: stepIn(operations, filter.operation, key.sequence === 'o') })
    case 'e':
    case 'E':
      return withFilter({ source: stepIn(sources, filter.source, key.sequence === 'e') })
    case 's':
    case 'S':
      return withFilter({ status: stepIn(statuses, filter.status, key.sequence === 's') })
    case 'a':
      return {
        ...withFilter({ operation: undefined, source: undefined, status: undefined }),
        isHelp: false,
        selected: undefined,
      }
    case 'r':
      return { ...controls, isReversed: !controls.isReversed }
  }
  switch (key.name) {
    case 'left':
    case 'right':
      return {
        ...controls,
        sort: nextOf(SORT_NAMES, sort, key.name === 'right' ? 1 : -1) ?? sort,
        isReversed: false,
      }
    case 'up':
    case 'down':
      return { ...controls, selected: move(controls, view, key.name === 'down' ? 1 : -1) }
    case 'return': {
      const { selected } = controls
      return withFilter({ source: filter.source === selected ? undefined : selected })
    }
    default:
      return controls
  }
}

/** The next or the previous item of a list, which is cyclic; undefined without items. */
function nextOf<Item>(items: readonly Item[], item: Item, step: 1 | -1): Item | undefined {
  return items[(items.indexOf(item) + step + items.length) % items.length]
}

/** As `nextOf`, with `undefined`, which means all items, before the first item. */
function stepIn(
  items: readonly string[],
  item: string | undefined,
  isForward: boolean,
): string | undefined {
  return nextOf<string | undefined>([undefined, ...items], item, isForward ? 1 : -1)
}

function move(controls: Controls, view: LiveView | undefined, step: 1 | -1): string | undefined {
  const rows = view === undefined ? [] : sortEngines(view, controls)
  if (rows.length === 0) return undefined
  const at = rows.findIndex(({ source }) => source === controls.selected)
  const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1)
  return rows[next]?.source
}
