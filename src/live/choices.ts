import type { LiveInterval } from './live-interval.js'
import type { EngineState } from './live-message.js'

/** The options of the filters: all names in the history. */
export interface Choices {
  /** Ascending. */
  readonly operations: readonly string[]
  /** The engines in the order of the aggregator, then those that it has dropped. */
  readonly sources: readonly string[]
  /** Ascending. */
  readonly statuses: readonly string[]
}

/** The options of the filters for a history and the engines of its last update. */
export function choicesOf(
  intervals: readonly LiveInterval[],
  engines: readonly EngineState[],
): Choices {
  const operations = new Set<string>()
  const statuses = new Set<string>()
  // Engines that the aggregator has dropped are in intervals only.
  const sources = new Set(engines.map(({ source }) => source))
  for (const interval of intervals) {
    for (const source of interval.sources) sources.add(source)
    const { names } = interval
    for (const { operation, status } of names) {
      operations.add(operation)
      statuses.add(status)
    }
  }
  return {
    operations: [...operations].sort(),
    sources: [...sources],
    statuses: [...statuses].sort(),
  }
}
