import type { MetricFamily } from '../exposition/metric-family.js'
import type { Snapshot } from '../snapshot/snapshot.js'
import { memoizePerMicrotask } from './memoize-per-microtask.js'
import type { MetricsRegistry } from './metrics-registry.js'
import { RegisteredMetric } from './registered-metric.js'

/**
 * Register families in a registry.
 *
 * @param read takes a snapshot for a scrape; all families of one scrape share it
 * @param reset called when the registry resets its metrics
 * @throws MoonmeterError `INVALID_OPTION` when the registry does not take one of them
 */
export function registerFamilies(
  registry: MetricsRegistry,
  families: readonly MetricFamily[],
  read: () => Promise<Snapshot>,
  reset: () => void = () => {},
): void {
  const readOnce = memoizePerMicrotask(read)
  const metrics = families.map((family) => {
    return new RegisteredMetric(registry, family, readOnce, reset)
  })
  for (const metric of metrics) metric.register()
}
