import type { Aggregation } from '../aggregator/aggregation.js'
import type { ScrapeTarget } from '../source-identity.js'

/**
 * The instances that published an address and have an engine that is up, sorted by name.
 *
 * @param addresses the URL of each instance's metrics
 */
export function liveTargets(
  aggregation: Aggregation,
  addresses: ReadonlyMap<string, string>,
): ScrapeTarget[] {
  const hasAddress = ({ instance }: { readonly instance: string | undefined }) =>
    instance !== undefined && addresses.has(instance)
  const live = new Set<string>()
  for (const { instance, health } of aggregation.snapshot(({ key }) => hasAddress(key)).sources) {
    if (instance !== undefined && health.up) live.add(instance)
  }
  return [...live].sort().flatMap((instance) => {
    const url = addresses.get(instance)
    return url === undefined ? [] : [{ instance, url }]
  })
}
