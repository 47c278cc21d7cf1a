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

/** What registries like prom-client's have beside `metrics`. */
interface ListingRegistry extends MetricsRegistry {
  getMetricsAsArray(): readonly ListedMetric[]
}

interface ListedMetric {
  get?(): unknown
}

/** All of a registry in a format. */
export interface RenderedRegistry {
  /** The media type of the registry's own format; undefined where it is in the one asked for. */
  readonly ownContentType: string | undefined
  /** To be given to `releaseBuffers` after they were sent. */
  readonly buffers: Uint8Array[]
}

/** A metric that was read: one of ours, or what the `get` of another one returned. */
type ReadMetric = PreparedFamily | { readonly samples: unknown }

/**
 * All of a registry in a format. The event loop turns in between. A registry that does not list its
 * metrics is rendered in its own format, whatever is asked for: what its `metrics()` returns.
 *
 * @throws MoonmeterError `INVALID_OPTION` when a registry returns what is no exposition
 */
export async function renderRegistry(
  registry: MetricsRegistry,
  format: ExpositionFormat,
): Promise<RenderedRegistry> {
  if (!isListing(registry)) return renderAsItIs(registry)
  // All are read in one turn, before the first is written, so that they show one moment.
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
  // The metrics of some libraries return their samples at once, and of others a promise of them.
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
