import { type LiveFilter, WINDOWS_MS, type WindowName } from '../live/live-filter.js'
import { printable } from '../live/printable.js'

/** The columns by which the table of engines can be sorted. */
export const SORT_COLUMNS = [
  'engine',
  'rate',
  'p50',
  'p90',
  'p99',
  'ratio',
  'failed',
  'report',
  'restarts',
] as const

/** A column of the table of engines. */
export type SortColumn = (typeof SORT_COLUMNS)[number]

/** An order of the table of engines. */
export interface Sort {
  readonly column: SortColumn
  readonly isDescending: boolean
}

/** The choices of the user, which the address of the page contains. */
export interface PageState extends LiveFilter {
  /** The order of the engines; undefined for marked engines first, then by name. */
  readonly sort?: Sort | undefined
  readonly isPaused: boolean
}

/** A part of an address that the page does not accept, and the accepted values. */
export interface AddressProblem {
  /** The name of the parameter in the address. */
  readonly parameter: string
  readonly message: string
  readonly accepted: readonly string[]
}

/** The result of reading an address. */
export interface ReadAddress {
  /** The state, with the default in place of each problem. */
  readonly state: PageState
  readonly problems: readonly AddressProblem[]
}

/** The state of an address without a query. */
export const DEFAULT_STATE: PageState = { window: '5m', isPaused: false }

/** The names of windows, the shortest first. */
export const WINDOW_NAMES = Object.keys(WINDOWS_MS) as WindowName[]

const PARAMETERS = ['window', 'operation', 'engine', 'status', 'sort', 'paused'] as const
type Parameter = (typeof PARAMETERS)[number]
const PAUSED_VALUES = ['', 'true', '1']

/** Reads the query of an address. */
export function readAddress(query: string): ReadAddress {
  const problems: AddressProblem[] = []
  const values = new Map<Parameter, string>()
  for (const [parameter, value] of new URLSearchParams(query)) {
    if (!isOneOf(PARAMETERS, parameter)) {
      problems.push({ parameter, message: 'is not a setting of this page', accepted: PARAMETERS })
    } else if (values.has(parameter)) {
      problems.push({ parameter, message: 'is there twice', accepted: ['one value'] })
    } else values.set(parameter, value)
  }
  const reject = (parameter: Parameter, accepted: readonly string[]) => {
    const value = values.get(parameter) as string
    problems.push({ parameter, message: `has the value “${printable(value)}”`, accepted })
    return undefined
  }
  const nameOf = (parameter: Parameter) => {
    const value = values.get(parameter)
    return value === '' ? reject(parameter, ['a name']) : value
  }
  const readWindow = (value = DEFAULT_STATE.window as string) =>
    isOneOf(WINDOW_NAMES, value) ? value : reject('window', WINDOW_NAMES)
  const readSort = (value: string) => {
    const isDescending = value.startsWith('-')
    const column = isDescending ? value.slice(1) : value
    if (isOneOf(SORT_COLUMNS, column)) return { column, isDescending }
    return reject('sort', [...SORT_COLUMNS, `-${SORT_COLUMNS[1]} (descending)`])
  }
  const readPaused = (value: string) =>
    PAUSED_VALUES.includes(value) || reject('paused', ['paused', 'paused=true'])
  const [sort, paused] = [values.get('sort'), values.get('paused')]
  const state: PageState = {
    window: readWindow(values.get('window')) ?? DEFAULT_STATE.window,
    operation: nameOf('operation'),
    source: nameOf('engine'),
    status: nameOf('status'),
    sort: sort === undefined ? undefined : readSort(sort),
    isPaused: paused !== undefined && readPaused(paused) === true,
  }
  return { state, problems }
}

/** The query of the address of a state, with `?`; empty for the default. */
export function writeAddress(state: PageState): string {
  const { window, operation, source, status, sort, isPaused } = state
  const parameters = new URLSearchParams()
  const set = (parameter: Parameter, value: string | undefined) => {
    if (value !== undefined) parameters.set(parameter, value)
  }
  set('window', window === DEFAULT_STATE.window ? undefined : window)
  set('operation', operation)
  set('engine', source)
  set('status', status)
  set('sort', sort && `${sort.isDescending ? '-' : ''}${sort.column}`)
  set('paused', isPaused ? 'true' : undefined)
  const query = parameters.toString()
  return query === '' ? '' : `?${query}`
}

/**
 * The order after a press on the heading of a column: first descending for numbers, then reversed,
 * then the default order.
 */
export function nextSort(sort: Sort | undefined, column: SortColumn): Sort | undefined {
  const isFirstDescending = column !== 'engine'
  if (sort?.column !== column) return { column, isDescending: isFirstDescending }
  if (sort.isDescending === isFirstDescending) return { column, isDescending: !isFirstDescending }
  return undefined
}

/** Whether two states show the same part of the data. */
export function isSameFilter(one: LiveFilter, other: LiveFilter): boolean {
  return (
    one.window === other.window &&
    one.operation === other.operation &&
    one.source === other.source &&
    one.status === other.status
  )
}

function isOneOf<Name extends string>(names: readonly Name[], value: string): value is Name {
  return (names as readonly string[]).includes(value)
}
