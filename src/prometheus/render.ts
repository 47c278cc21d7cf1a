import type { MetricsRegistry } from './metrics-registry.js'
import { RegisteredMetric } from './registered-metric.js'

/** What registries like prom-client's have beside `metrics`. */
interface ListingRegistry extends MetricsRegistry {
  getMetricsAsArray(): readonly object[]
  getMetricsAsString(metric: object): Promise<string>
}

const PROMETHEUS_TEXT = 'text/plain'

/**
 * All of a registry in its format, as chunks of UTF-8: what `registry.metrics()` answers. Families
 * of ours are written as bytes, with turns of the event loop in between; those of others come as
 * their registry formats them.
 */
export async function renderRegistry(registry: MetricsRegistry): Promise<Uint8Array[]> {
  if (!isListing(registry)) return [Buffer.from(await registry.metrics())]
  const families = registry.getMetricsAsArray().map((metric) => {
    // All at once: families of one aggregator agree with each other when they are asked together.
    return metric instanceof RegisteredMetric
      ? metric.render()
      : registry.getMetricsAsString(metric).then((text) => [Buffer.from(`${text}\n`)])
  })
  const rendered = await Promise.all(families)
  const separator = Buffer.from('\n')
  return rendered.flatMap((chunks, index) => (index === 0 ? chunks : [separator, ...chunks]))
}

/** Whether the families of a registry can be rendered one by one; those of OpenMetrics cannot. */
function isListing(registry: MetricsRegistry): registry is ListingRegistry {
  const { getMetricsAsArray, getMetricsAsString } = registry as Partial<ListingRegistry>
  return (
    registry.contentType.startsWith(PROMETHEUS_TEXT) &&
    typeof getMetricsAsArray === 'function' &&
    typeof getMetricsAsString === 'function'
  )
}
