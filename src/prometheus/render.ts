import type { MetricsRegistry } from './metrics-registry.js'
import { pace } from './pace.js'
import { RegisteredMetric } from './registered-metric.js'
import { TextWriter } from './text-writer.js'

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
 *
 * @returns chunks to be given to `releaseChunks` once they were sent
 */
export async function renderRegistry(registry: MetricsRegistry): Promise<Uint8Array[]> {
  if (!isListing(registry)) return [Buffer.from(await registry.metrics())]
  const writer = new TextWriter()
  // All are asked before the first is written: so they tell of one moment.
  const families = registry
    .getMetricsAsArray()
    .map((metric) =>
      metric instanceof RegisteredMetric
        ? { head: metric.head, steps: metric.write(writer) }
        : registry.getMetricsAsString(metric).then((text) => ({ head: `${text}\n`, steps: [] })),
    )
  await pace(writeAll(await Promise.all(families), writer))
  return writer.take()
}

function* writeAll(
  families: readonly { readonly head: string; readonly steps: Iterable<void> }[],
  writer: TextWriter,
): Generator<void> {
  for (const [index, { head, steps }] of families.entries()) {
    writer.text(index === 0 ? head : `\n${head}`)
    yield* steps
  }
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
