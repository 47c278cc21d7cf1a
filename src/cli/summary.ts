import type { ConnectorStats } from '../stats/connector-stats.js'
import { OperationStats } from '../stats/operation-stats.js'
import { STATUS_ERROR } from '../stats/row.js'
import { formatDuration, formatInteger } from './format.js'
import { type Column, formatTable } from './table.js'

/** What a summary tells of durations. */
const QUANTILES = { p50: 0.5, p90: 0.9, p99: 0.99, 'p99.9': 0.999 } as const

/** Counts and duration quantiles of some rows. */
export interface Summary {
  readonly calls: number
  readonly keys: number
  /** Bytes attempted. */
  readonly bytes: number
  readonly failedKeys: number
  /** Calls whose status is exactly `error`. */
  readonly errors: number
  /** Seconds by the quantile's name; within 1.6 % where there are many rows. */
  readonly durationSeconds: Readonly<Record<keyof typeof QUANTILES, number>>
}

/** The summary of each operation, by its name. */
export function summarizeOperations(stats: ConnectorStats): Record<string, Summary> {
  const entries = stats.operations().map((name) => [name, summarize(stats, name)] as const)
  return Object.fromEntries(entries)
}

/** The summary of all rows, or of those of one operation. */
export function summarize(stats: ConnectorStats, operation?: string): Summary {
  const all = new OperationStats(stats.layout, Number.POSITIVE_INFINITY, 0)
  for (const series of stats.series()) {
    if (operation !== undefined && operation !== series.operation) continue
    all.seriesOf(series.status).addStats(series.stats)
  }
  const total = all.total()
  const durations = Object.entries(QUANTILES).map(([name, quantile]) => {
    const exact = operation === undefined ? undefined : stats.quantile(operation, quantile)
    return [name, (exact ?? all.quantile(quantile, total))?.seconds ?? 0]
  })
  return {
    calls: total.rows,
    keys: total.numKeys,
    bytes: total.numBytes,
    failedKeys: total.numFailedKeys,
    errors: all.series.get(STATUS_ERROR)?.rows ?? 0,
    durationSeconds: Object.fromEntries(durations),
  }
}

/** Summaries as a table, a line each behind its label. */
export function summaryTable(label: string, rows: readonly (readonly [string, Summary])[]): string {
  const right = (title: string): Column => ({ title, align: 'right' })
  const columns = [
    { title: label, align: 'left' } as const,
    ...['calls', 'keys', 'bytes', 'failed keys', 'errors', ...Object.keys(QUANTILES)].map(right),
  ]
  return formatTable(
    columns,
    rows.map(([name, summary]) => [
      name,
      ...[summary.calls, summary.keys, summary.bytes, summary.failedKeys, summary.errors].map(
        formatInteger,
      ),
      ...Object.values(summary.durationSeconds).map(formatDuration),
    ]),
  )
}
