import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'

/**
 * The required interface of a metrics registry, which those of `prom-client` 14 and 15,
 * `@prometheus-io/client` and `@platformatic/prom-client` implement.
 */
export interface MetricsRegistry {
  /**
   * Adds a metric. The parameter is `never`, since registries declare it as their own metric
   * classes.
   */
  registerMetric(metric: never): void
  /** The exposition of all metrics. */
  metrics(): string | Promise<string>
  /** The media type of the result of `metrics`. */
  readonly contentType: string
}

/** A registry that can also remove metrics, as prom-client's. */
interface RemovingRegistry extends MetricsRegistry {
  getSingleMetric(name: string): unknown
  removeSingleMetric(name: string): void
}

const OPENMETRICS = 'application/openmetrics-text'
/** Valid values of an HTTP header: no line breaks or other control characters. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]+$/

/**
 * Check that metrics can be registered in a registry and read from it.
 *
 * @throws MoonmeterError `INVALID_OPTION`
 */
export function assertRegistry(registry: unknown): asserts registry is MetricsRegistry {
  const { registerMetric, metrics } = (registry ?? {}) as Partial<MetricsRegistry>
  if (typeof registerMetric !== 'function' || typeof metrics !== 'function') {
    throw new MoonmeterError(
      'INVALID_OPTION',
      'registry: expected a registry of prom-client or one like it, with the methods ' +
        `registerMetric and metrics, got ${describe(registry)}`,
    )
  }
  contentTypeOf(registry as MetricsRegistry)
}

/**
 * The media type of the result of a registry's `metrics`.
 *
 * @throws MoonmeterError `INVALID_OPTION` for an invalid value of an HTTP header
 */
export function contentTypeOf(registry: MetricsRegistry): string {
  const contentType: unknown = registry.contentType
  if (typeof contentType === 'string' && HEADER_VALUE.test(contentType)) return contentType
  throw new MoonmeterError(
    'INVALID_OPTION',
    `registry.contentType: expected a media type on one line, got ${describe(contentType)}`,
  )
}

/** Whether a registry writes OpenMetrics, and names its counters accordingly. */
export function isOpenMetrics(registry: MetricsRegistry): boolean {
  return contentTypeOf(registry).toLowerCase().startsWith(OPENMETRICS)
}

/** Whether metrics can be removed from a registry. */
export function canRemove(registry: MetricsRegistry): registry is RemovingRegistry {
  const { getSingleMetric, removeSingleMetric } = registry as Partial<RemovingRegistry>
  return typeof getSingleMetric === 'function' && typeof removeSingleMetric === 'function'
}

/**
 * The default labels of a registry, which it adds to samples that it formats. moonmeter formats its
 * own samples, so the labels are read from the registry's private field; empty if it has none.
 */
export function defaultLabelsOf(registry: MetricsRegistry): Readonly<Record<string, string>> {
  const { _defaultLabels: labels } = registry as { readonly _defaultLabels?: unknown }
  if (typeof labels !== 'object' || labels === null) return {}
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]))
}
