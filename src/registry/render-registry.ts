import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import type { ExpositionFormat } from '../exposition/exposition-format.js'
import type { FamilyDefinition } from '../exposition/metric-family.js'
import { OutputBuffer } from '../exposition/output-buffer.js'
import { runYielding } from '../exposition/run-yielding.js'
import { foreignFamilies } from './foreign-family.js'
import {
  contentTypeOf,
  defaultLabelsOf,
  isOpenMetrics,
  type MetricsRegistry,
} from './metrics-registry.js'
import { type PreparedFamily, RegisteredMetric } from './registered-metric.js'

/** What registries like prom-client's have beside `metrics`. */
interface ListingRegistry extends MetricsRegistry {
  getMetricsAsArray(): readonly ForeignMetricSource[]
}

/** A metric of the user. */
interface ForeignMetricSource {
  get(): unknown
}

/** All of a registry in a format. */
export interface RenderedRegistry {
  /** The media type of the registry's own format; undefined where it is in the one asked for. */
  readonly ownContentType: string | undefined
  /** To be given to `releaseBuffers` after they were sent. */
  readonly buffers: Uint8Array[]
}

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
  const reads = registry.getMetricsAsArray().map((metric) => prepare(registry, metric, format))
  const families = (await Promise.all(reads)).flat()
  const output = new OutputBuffer()
  await runYielding(writeAll(families, format, output))
  return { ownContentType: undefined, buffers: output.take() }
}

async function prepare(
  registry: ListingRegistry,
  metric: ForeignMetricSource,
  format: ExpositionFormat,
): Promise<readonly PreparedFamily[]> {
  if (metric instanceof RegisteredMetric) return [await metric.prepare(format)]
  // Some registries' metrics return their samples at once, and others a promise of them.
  const samples = await metric.get()
  return foreignFamilies(samples as never, isOpenMetrics(registry)).map(({ family, groups }) => ({
    definition: family.definition,
    write: (output, families) => {
      const options = { extraLabels: defaultLabelsOf(registry), families }
      return format.createWriter(family).write(output, groups, options)
    },
  }))
}

function* writeAll(
  families: readonly PreparedFamily[],
  format: ExpositionFormat,
  output: OutputBuffer,
): Generator<void> {
  const definitions: readonly FamilyDefinition[] = families.map(({ definition }) => definition)
  for (const [index, family] of families.entries()) {
    if (index > 0) output.text(format.separator)
    yield* family.write(output, definitions)
  }
  output.text(format.end)
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
