import { printable } from '../live/printable.js'
import type { WindowName } from '../live/live-filter.js'
import type { LiveView } from '../live/live-view.js'
import { byId, element, setAttribute, setText } from './element.js'
import { type PageState, WINDOW_NAMES } from './page-state.js'
import { compareNames } from './tables/column.js'

/** A part of the state that the bar changes. */
export type Choice = Partial<Pick<PageState, 'window' | 'operation' | 'source' | 'status'>>

const WINDOW_TITLES: Readonly<Record<WindowName, string>> = {
  '1m': '1 min',
  '5m': '5 min',
  '15m': '15 min',
}
const SELECTS = [
  { id: 'operation', key: 'operation', all: 'All operations' },
  { id: 'engine', key: 'source', all: 'All engines' },
  { id: 'status', key: 'status', all: 'All statuses' },
] as const

/** The controls of the window and the filters. */
export class FilterBar {
  readonly root = byId('filters', HTMLFormElement)
  readonly #windows = new Map<WindowName, HTMLInputElement>()
  readonly #selects: ReadonlyMap<string, HTMLSelectElement>
  readonly #clear = byId('clear', HTMLButtonElement)

  constructor(onChoose: (choice: Choice) => void) {
    const windows = byId('windows', HTMLFieldSetElement)
    for (const name of WINDOW_NAMES) {
      const input = element('input', { type: 'radio', name: 'window', value: name })
      input.addEventListener('change', () => onChoose({ window: name }))
      this.#windows.set(name, input)
      windows.append(element('label', {}, input, element('span', {}, WINDOW_TITLES[name])))
    }
    this.#selects = new Map(
      SELECTS.map(({ id, key }) => {
        const select = byId(id, HTMLSelectElement)
        select.addEventListener('change', () => onChoose({ [key]: select.value || undefined }))
        return [key, select]
      }),
    )
    this.#clear.addEventListener('click', () => {
      onChoose({ operation: undefined, source: undefined, status: undefined })
      // The focus was on the button, which is removed now.
      this.#selects.get('operation')?.focus()
    })
    this.root.addEventListener('submit', (event) => event.preventDefault())
  }

  /** Show a state, and the options of the filters. */
  update(state: PageState, choices: LiveView['choices'] | undefined): void {
    for (const [name, input] of this.#windows) input.checked = name === state.window
    const names = {
      operation: choices?.operations ?? [],
      source: [...(choices?.sources ?? [])].sort(compareNames),
      status: choices?.statuses ?? [],
    }
    for (const { key, all } of SELECTS) {
      const select = this.#selects.get(key) as HTMLSelectElement
      showOptions(select, all, names[key], state[key])
      setAttribute(select, 'data-chosen', state[key] === undefined ? undefined : 'true')
    }
    this.#clear.hidden = SELECTS.every(({ key }) => state[key] === undefined)
  }
}

/** The address may contain a name that was never recorded, so it is added to the options. */
function showOptions(
  select: HTMLSelectElement,
  all: string,
  names: readonly string[],
  chosen: string | undefined,
): void {
  const isUnknown = chosen !== undefined && !names.includes(chosen)
  const values = ['', ...names, ...(isUnknown ? [chosen] : [])]
  while (select.options.length > values.length) select.remove(values.length)
  for (const [index, value] of values.entries()) {
    const option = select.options.item(index) ?? select.appendChild(element('option'))
    if (option.value !== value || index === 0) option.value = value
    const text = value === '' ? all : printable(value)
    setText(option, isUnknown && value === chosen ? `${text} (not seen)` : text)
  }
  if (select.value !== (chosen ?? '')) select.value = chosen ?? ''
}
