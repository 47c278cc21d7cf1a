import type { SeriesReader } from './live-interval.js'

/** The windows that can be chosen, in milliseconds. */
export const WINDOWS_MS = { '1m': 60_000, '5m': 300_000, '15m': 900_000 } as const

/** The name of a window. */
export type WindowName = keyof typeof WINDOWS_MS

/** Selects the series to show; undefined selects all. */
export interface LiveFilter {
  readonly window: WindowName
  readonly operation?: string | undefined
  /** The engine, as `sourceName` names it. */
  readonly source?: string | undefined
  readonly status?: string | undefined
}

/**
 * The tables that include a series. The table of operations is not filtered by operation, and the
 * table of engines is not filtered by engine, so that the user can select another row.
 */
export interface SeriesMatch {
  readonly total: boolean
  readonly operations: boolean
  readonly engines: boolean
}

/** The tables that include the last series that a reader read. */
export function matchSeries(filter: LiveFilter, { source, name }: SeriesReader): SeriesMatch {
  const isStatus = filter.status === undefined || filter.status === name.status
  const operations = isStatus && (filter.source === undefined || filter.source === source)
  const isOperation = filter.operation === undefined || filter.operation === name.operation
  return { total: operations && isOperation, operations, engines: isStatus && isOperation }
}
