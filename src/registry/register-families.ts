import type { SnapshotFamily } from '../exposition/metric-family.js'
import type { Snapshot } from '../snapshot/snapshot.js'
import { assertRegistry, canRemove, type MetricsRegistry } from './metrics-registry.js'
import { RegisteredMetric } from './registered-metric.js'

/**
 * Register families in a registry: all of them, or none if the registry rejects one.
 *
 * @param read takes a snapshot for a scrape, which all calls of one turn share (`shareInTurn`)
 * @param reset called when the registry resets its metrics
 * @returns a function that removes them from the registry; it throws `INVALID_OPTION` if the
 * registry cannot remove metrics
 * @throws MoonmeterError `INVALID_OPTION` when the registry is invalid, or rejects one of them
 */
export function registerFamilies(
  registry: MetricsRegistry,
  families: readonly SnapshotFamily[],
  read: () => Promise<Snapshot>,
  reset: () => void = () => {},
): () => void {
  assertRegistry(registry)
  const metrics = families.map((family) => new RegisteredMetric(registry, family, read, reset))
  const unregister = () => {
    for (const metric of metrics) metric.unregister()
  }
  try {
    for (const metric of metrics) metric.register()
  } catch (error) {
    if (canRemove(registry)) unregister()
    throw error
  }
  return unregister
}
