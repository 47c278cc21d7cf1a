import type { EngineAggregator } from '../engine-aggregator.js'
import type { SourceSnapshot } from '../snapshot/source-snapshot.js'
import { ConnectorStats, NAMES_MAX } from '../stats/connector-stats.js'
import type { OperationStats } from '../stats/operation-stats.js'

/**
 * Maximum number of engines for exact quantiles: `aggregator.stats` of one engine takes time
 * proportional to the number of all engines.
 */
const EXACT_ENGINES_MAX = 64
/** No limit here: the aggregator has limited the names. */
const STATS_LIMITS = { exactRowsMax: 0, operationsMax: NAMES_MAX, statusesMax: NAMES_MAX }
const QUANTILES = { p50: 0.5, p90: 0.9, p99: 0.99, 'p99.9': 0.999 } as const

/** Names of the quantiles of a {@link Summary}. */
export const QUANTILE_NAMES = Object.keys(QUANTILES)

/** Counts and duration quantiles of a number of rows. */
export interface Summary {
  readonly calls: number
  readonly keys: number
  /** Bytes attempted. */
  readonly bytes: number
  readonly failedKeys: number
  /** Calls whose status is `error`. */
  readonly errors: number
  /** Seconds by the quantile's name; within 1.6 % if there are many rows or engines. */
  readonly durationSeconds: Readonly<Record<string, number>>
}

/** Summaries of the stats of an aggregator. */
export interface Summaries {
  /** Over all engines, by operation. */
  readonly operations: Readonly<Record<string, Summary>>
  /** By engine index, ascending: over all operations, and by operation. */
  readonly engines: Readonly<Record<string, Summary & Pick<Summaries, 'operations'>>>
}

/**
 * Summarizes the stats of an aggregator.
 *
 * @param enginesMax maximum number of engines, those with the lowest indices; default all
 */
export function summarize(aggregator: EngineAggregator, enginesMax?: number): Summaries {
  const operations = operationsOf(aggregator.stats())
  const indices = aggregator.engines
  const statsOf =
    indices.length <= EXACT_ENGINES_MAX
      ? (engine: number) => aggregator.stats(engine)
      : readerOfStats(aggregator)
  const engines = indices.slice(0, enginesMax).map((engine) => {
    const stats = statsOf(engine)
    return [engine, { ...summaryOf(stats.total()), operations: operationsOf(stats) }] as const
  })
  return { operations, engines: Object.fromEntries(engines) }
}

/** Returns a function that reads the stats of an engine from one snapshot of all engines. */
function readerOfStats(aggregator: EngineAggregator): (engine: number) => ConnectorStats {
  const { sources, bounds } = aggregator.snapshot()
  const byEngine = new Map<unknown, SourceSnapshot[]>()
  for (const source of sources) {
    const others = byEngine.get(source.engine)
    if (others === undefined) byEngine.set(source.engine, [source])
    else others.push(source)
  }
  return (engine) => {
    const stats = new ConnectorStats({ ...STATS_LIMITS, bounds })
    for (const source of byEngine.get(engine) ?? []) source.addTo(stats)
    return stats
  }
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
