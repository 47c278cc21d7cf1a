import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import type { ExpositionFormat } from '../exposition/exposition-format.js'
import { OutputBuffer } from '../exposition/output-buffer.js'
import { runYielding } from '../run-yielding.js'
import {
  contentTypeOf,
  defaultLabelsOf,
  isOpenMetrics,
  type MetricsRegistry,
} from './metrics-registry.js'
import type { PreparedFamily } from './prepared-family.js'
import { readForeign } from './read-foreign.js'
import { RegisteredMetric } from './registered-metric.js'

/** A registry that lists its metrics, as prom-client's. */
interface ListingRegistry extends MetricsRegistry {
  getMetricsAsArray(): readonly ListedMetric[]
}

interface ListedMetric {
  get?(): unknown
}

/** All of a registry in a format. */
export interface RenderedRegistry {
  /**
   * The media type of the registry's own format; undefined if the exposition has the requested
   * format.
   */
  readonly ownContentType: string | undefined
  /** The exposition; to be passed to `releaseBuffers` after it was sent. */
  readonly buffers: Uint8Array[]
}

/** A metric that was read: one of moonmeter's, or the result of `get` of another one. */
type ReadMetric = PreparedFamily | { readonly samples: unknown }

/**
 * Write the exposition of a registry in a format, over several turns of the event loop. A registry
 * that does not list its metrics is always rendered in its own format, by its `metrics()`.
 *
 * @throws MoonmeterError `INVALID_OPTION` when the result of `metrics()` is not a string
 */
export async function renderRegistry(
  registry: MetricsRegistry,
  format: ExpositionFormat,
): Promise<RenderedRegistry> {
  if (!isListing(registry)) return renderAsItIs(registry)
  // All metrics are read in one turn, before the first is written, so that they are of one moment.
  const reads = registry.getMetricsAsArray().map((metric) => read(registry, metric, format))
  const output = new OutputBuffer()
  await runYielding(writeAll(registry, await Promise.all(reads), format, output))
  return { ownContentType: undefined, buffers: output.take() }
}

async function read(
  registry: MetricsRegistry,
  metric: ListedMetric,
  format: ExpositionFormat,
): Promise<ReadMetric> {
  if (metric instanceof RegisteredMetric) return metric.prepare(registry, format)
  // Depending on the library, `get` returns the samples or a promise of them.
  return { samples: await metric.get?.() }
}

function* writeAll(
  registry: MetricsRegistry,
  metrics: readonly ReadMetric[],
  format: ExpositionFormat,
  output: OutputBuffer,
): Generator<void> {
  const families: PreparedFamily[] = []
  for (const metric of metrics) {
    if ('write' in metric) families.push(metric)
    else families.push(...(yield* prepareForeign(registry, metric.samples, format)))
  }
  const definitions = families.map(({ definition }) => definition)
  for (const [index, family] of families.entries()) {
    if (index > 0) output.text(format.separator)
    yield* family.write(output, definitions)
  }
  output.text(format.end)
}

function* prepareForeign(
  registry: MetricsRegistry,
  samples: unknown,
  format: ExpositionFormat,
): Generator<void, readonly PreparedFamily[]> {
  const families = yield* readForeign(samples, isOpenMetrics(registry))
  return families.map(({ family, groups }) => ({
    definition: family.definition,
    write(output, all) {
      const options = { extraLabels: defaultLabelsOf(registry), families: all }
      return format.createWriter(family).write(output, groups, options)
    },
  }))
}

async function renderAsItIs(registry: MetricsRegistry): Promise<RenderedRegistry> {
  const ownContentType = contentTypeOf(registry)
  const text: unknown = await registry.metrics()
  if (typeof text === 'string') return { ownContentType, buffers: [Buffer.from(text)] }
  throw new MoonmeterError(
    'INVALID_OPTION',
    `registry.metrics: expected a string or a promise of one, got ${describe(text)}`,
  )
}

/** Whether the metrics of a registry can be read one by one. */
function isListing(registry: MetricsRegistry): registry is ListingRegistry {
  const { getMetricsAsArray } = registry as Partial<ListingRegistry>
  return typeof getMetricsAsArray === 'function'
}
