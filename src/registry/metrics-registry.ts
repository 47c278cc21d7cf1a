import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'

/**
 * The part of a metrics registry that is used here: that of `prom-client` 14 and 15,
 * `@prometheus-io/client`, `@platformatic/prom-client`, and of every registry with its interface.
 */
export interface MetricsRegistry {
  /** Adds a metric. Registries type the parameter for metric classes of their own. */
  registerMetric(metric: never): void
  /** The exposition of all metrics. */
  metrics(): string | Promise<string>
  /** The media type of what `metrics` returns. */
  readonly contentType: string
}

/** What registries like prom-client's have beside `registerMetric`. */
interface RemovingRegistry extends MetricsRegistry {
  getSingleMetric(name: string): unknown
  removeSingleMetric(name: string): void
}

const OPENMETRICS = 'application/openmetrics-text'
/** What an HTTP header may hold: no line breaks or other control characters. */
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
 * The media type of what the `metrics` of a registry returns.
 *
 * @throws MoonmeterError `INVALID_OPTION` for what no HTTP header can hold
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

/** Whether metrics can be removed from a registry again. */
export function canRemove(registry: MetricsRegistry): registry is RemovingRegistry {
  const { getSingleMetric, removeSingleMetric } = registry as Partial<RemovingRegistry>
  return typeof getSingleMetric === 'function' && typeof removeSingleMetric === 'function'
}

/**
 * The labels that a registry adds to every sample that it formats itself. Our samples are formatted
 * here, so the labels are read from the registry's private field; empty where it has none.
 */
export function defaultLabelsOf(registry: MetricsRegistry): Readonly<Record<string, string>> {
  const { _defaultLabels: labels } = registry as { readonly _defaultLabels?: unknown }
  if (typeof labels !== 'object' || labels === null) return {}
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]))
}
