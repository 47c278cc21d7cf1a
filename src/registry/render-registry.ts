import { FORMATS } from '../exposition/formats.js'
import { OutputBuffer } from '../exposition/output-buffer.js'
import { runYielding } from '../exposition/run-yielding.js'
import type { MetricsRegistry } from './metrics-registry.js'
import { type PreparedFamily, RegisteredMetric } from './registered-metric.js'

/** What registries like prom-client's have beside `metrics`. */
interface ListingRegistry extends MetricsRegistry {
  getMetricsAsArray(): readonly object[]
  getMetricsAsString(metric: object): Promise<string>
}

const PROMETHEUS_TEXT = 'text/plain'

/**
 * All of a registry in its format, as buffers: what `registry.metrics()` returns. Families of ours
 * are written as bytes, and the event loop turns in between; those of others come as their registry
 * formats them.
 *
 * @returns buffers to be given to `releaseBuffers` after they were sent
 */
export async function renderRegistry(registry: MetricsRegistry): Promise<Uint8Array[]> {
  if (!isListing(registry)) return [Buffer.from(await registry.metrics())]
  const output = new OutputBuffer()
  // All are prepared in one turn, before the first is written, so that they show one moment.
  const families = registry.getMetricsAsArray().map((metric) => prepare(registry, metric))
  await runYielding(writeAll(await Promise.all(families), output))
  return output.take()
}

async function prepare(registry: ListingRegistry, metric: object): Promise<PreparedFamily> {
  if (metric instanceof RegisteredMetric) return metric.prepare(FORMATS.text)
  const text = await registry.getMetricsAsString(metric)
  return { head: `${text}\n`, write: () => [] }
}

function* writeAll(families: readonly PreparedFamily[], output: OutputBuffer): Generator<void> {
  for (const [index, family] of families.entries()) {
    output.text(index === 0 ? family.head : `\n${family.head}`)
    yield* family.write(output)
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
