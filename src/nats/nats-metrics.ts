import { NATS_METRICS } from '../catalogue.js'
import { type AnyEngineAggregator, showMetrics } from '../engine-aggregator.js'
import type { BucketWatchHealth } from './bucket-watch.js'
import type { NatsSinkHealth } from './nats-sink.js'
import { isPublished } from './publication.js'

/**
 * Expose the state of the sink with the metrics of an aggregator.
 *
 * @throws MoonmeterError `INVALID_OPTION` when the registry does not take the metrics
 */
export function showSinkMetrics(
  aggregator: AnyEngineAggregator,
  health: () => NatsSinkHealth,
): void {
  const { connected, puts, putFailures, enginesRemoved, rowsLeftOut } = NATS_METRICS
  showMetrics(aggregator, [
    { definition: connected, read: () => Number(health().connected) },
    { definition: puts, read: () => health().puts },
    { definition: putFailures, read: () => health().putsFailed },
    { definition: enginesRemoved, read: () => health().removed },
    {
      definition: rowsLeftOut,
      read: ({ sources }) => {
        const leftOut = sources.filter((source) => !isPublished(source))
        return leftOut.reduce((sum, { health: { rows } }) => sum + rows, 0)
      },
    },
  ])
}

/**
 * Expose the state of the watch with the metrics of an aggregator.
 *
 * @throws MoonmeterError `INVALID_OPTION` when the registry does not take the metrics
 */
export function showWatchMetrics(
  aggregator: AnyEngineAggregator,
  health: () => BucketWatchHealth,
): void {
  const { connected, entries, watchRestarts, missedChanges, foldFailures } = NATS_METRICS
  showMetrics(aggregator, [
    { definition: connected, read: () => Number(health().connected) },
    { definition: entries, read: () => health().entries },
    { definition: watchRestarts, read: () => health().restarts },
    { definition: missedChanges, read: () => health().missed },
    { definition: foldFailures, read: () => health().foldsFailed },
  ])
}
