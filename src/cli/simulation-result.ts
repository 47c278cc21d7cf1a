import type { EngineAggregator } from '../aggregator/engine-aggregator.js'
import { countOf, formatInteger } from './format.js'
import { type Summary, summarize, summarizeOperations, summaryTable } from './summary.js'

/** What `--json` writes. */
export interface SimulationResult {
  /** Over all engines, by operation. */
  readonly operations: Readonly<Record<string, Summary>>
  /** Over all operations, and by operation, by engine index. */
  readonly engines: Readonly<
    Record<string, Summary & { readonly operations: Readonly<Record<string, Summary>> }>
  >
  readonly wallSeconds: number
  /** Rows recorded by all engines. */
  readonly rows: number
  readonly rowsPerSecond: number
}

/** The counts of a run so far. */
export function simulationResult(
  aggregator: EngineAggregator,
  wallSeconds: number,
): SimulationResult {
  const stats = aggregator.stats()
  const engines = aggregator.engines.map((index) => {
    const own = aggregator.stats(index)
    return [
      String(index),
      { ...summarize(own.total()), operations: summarizeOperations(own) },
    ] as const
  })
  return {
    operations: summarizeOperations(stats),
    engines: Object.fromEntries(engines),
    wallSeconds,
    rows: stats.rows,
    rowsPerSecond: wallSeconds > 0 ? stats.rows / wallSeconds : 0,
  }
}

/** The result as tables, one by operation and one by engine. */
export function simulationReport(result: SimulationResult): string {
  const { operations, engines, wallSeconds, rows, rowsPerSecond } = result
  const total =
    `${formatInteger(rows)} rows of ${countOf(Object.keys(engines).length, 'engine')} in ` +
    `${wallSeconds.toFixed(1)} s (${formatInteger(rowsPerSecond)} a second)`
  return `${[
    total,
    summaryTable('operation', Object.entries(operations)),
    summaryTable('engine', Object.entries(engines)),
  ].join('\n\n')}\n`
}
