import type { EngineAggregator } from '../engine-aggregator.js'
import type { ConnectorStats } from '../stats/connector-stats.js'
import type { OperationStats } from '../stats/operation-stats.js'
import { formatDuration, formatInteger } from './format.js'

/** Escaped in operation names, so that each name stays in its line of a table. */
const CONTROL_CHARACTERS = /\p{Cc}/gu
const QUANTILES = { p50: 0.5, p90: 0.9, p99: 0.99, 'p99.9': 0.999 } as const

/** Counts and duration quantiles of a number of rows. */
interface Summary {
  readonly calls: number
  readonly keys: number
  /** Bytes attempted. */
  readonly bytes: number
  readonly failedKeys: number
  /** Calls whose status is `error`. */
  readonly errors: number
  /** Seconds by the quantile's name; within 1.6 % if there are many rows. */
  readonly durationSeconds: Readonly<Record<string, number>>
}

/** Summaries of all that an aggregator has counted. */
export interface Summaries {
  /** Over all engines, by operation. */
  readonly operations: Readonly<Record<string, Summary>>
  /** Over all operations, by engine index; and by operation. */
  readonly engines: Readonly<Record<string, Summary & Pick<Summaries, 'operations'>>>
}

/** Summarizes the stats of an aggregator. */
export function summarize(aggregator: EngineAggregator): Summaries {
  const engines = aggregator.engines.map((index) => {
    const stats = aggregator.stats(index)
    return [index, { ...summaryOf(stats.total()), operations: operationsOf(stats) }] as const
  })
  return { operations: operationsOf(aggregator.stats()), engines: Object.fromEntries(engines) }
}

/** Formats summaries as a title and two tables, one by operation and one by engine. */
export function formatSummaries(title: string, { operations, engines }: Summaries): string {
  return `${title}\n\n${table('operation', operations)}\n\n${table('engine', engines)}\n`
}

function operationsOf(stats: ConnectorStats): Record<string, Summary> {
  const named = stats.operations().map((name) => [name, stats.operation(name)] as const)
  return Object.fromEntries(
    named.flatMap(([name, operation]) => (operation ? [[name, summaryOf(operation)]] : [])),
  )
}

function summaryOf(operation: OperationStats): Summary {
  const total = operation.total()
  const durations = Object.entries(QUANTILES).map(([name, quantile]) => [
    name,
    total.quantile(quantile)?.seconds ?? 0,
  ])
  return {
    calls: total.rows,
    keys: total.counts.numKeys,
    bytes: total.counts.numBytes,
    failedKeys: total.counts.numFailedKeys,
    errors: operation.errorRows,
    durationSeconds: Object.fromEntries(durations),
  }
}

function table(label: string, summaries: Readonly<Record<string, Summary>>): string {
  const titles = ['calls', 'keys', 'bytes', 'failed keys', 'errors', ...Object.keys(QUANTILES)]
  const lines = Object.entries(summaries).map(([name, summary]) => {
    const { calls, keys, bytes, failedKeys, errors, durationSeconds } = summary
    return [
      name.replace(CONTROL_CHARACTERS, (character) => JSON.stringify(character).slice(1, -1)),
      ...[calls, keys, bytes, failedKeys, errors].map(formatInteger),
      ...Object.values(durationSeconds).map(formatDuration),
    ]
  })
  const grid = [[label, ...titles], ...lines]
  const widths = grid[0].map((_, column) => Math.max(...grid.map((line) => line[column].length)))
  const align = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column])
  return grid.map((line) => line.map(align).join('  ')).join('\n')
}
