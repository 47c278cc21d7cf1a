import type { ConnectorStats } from '../stats/connector-stats.js'
import type { OperationStats } from '../stats/operation-stats.js'
import { formatDuration, formatInteger } from './format.js'
import { type Column, formatTable } from './table.js'

/** Names of operations are anybody's; in a table they must stay in their line. */
const CONTROL_CHARACTERS = /\p{Cc}/gu
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
  const named = stats.operations().map((name) => [name, stats.operation(name)] as const)
  return Object.fromEntries(
    named.flatMap(([name, operation]) => (operation ? [[name, summarize(operation)]] : [])),
  )
}

/** The summary of an operation's rows, or of the `total` of all operations. */
export function summarize(operation: OperationStats): Summary {
  const total = operation.total()
  const durations = Object.entries(QUANTILES).map(([name, quantile]) => [
    name,
    operation.quantile(quantile, total)?.seconds ?? 0,
  ])
  return {
    calls: total.rows,
    keys: total.numKeys,
    bytes: total.numBytes,
    failedKeys: total.numFailedKeys,
    errors: operation.errorRows,
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
      name.replace(CONTROL_CHARACTERS, escaped),
      ...[summary.calls, summary.keys, summary.bytes, summary.failedKeys, summary.errors].map(
        formatInteger,
      ),
      ...Object.values(summary.durationSeconds).map(formatDuration),
    ]),
  )
}

function escaped(character: string): string {
  return JSON.stringify(character).slice(1, -1)
}
