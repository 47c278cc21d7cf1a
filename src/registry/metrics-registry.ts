/**
 * The part of a metrics registry that is used here: that of `prom-client` 15, and of every registry
 * with its interface.
 */
export interface MetricsRegistry {
  // Registries type the parameter for metric classes of their own, so it is left open.
  registerMetric(metric: never): void
  metrics(): Promise<string>
  readonly contentType: string
}

/** What registries like prom-client's have beside `registerMetric`. */
interface RemovingRegistry extends MetricsRegistry {
  getSingleMetric(name: string): unknown
  removeSingleMetric(name: string): void
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
