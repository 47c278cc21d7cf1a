/**
 * The part of a metrics registry that is used here: that of `prom-client` 15, and of everything
 * that keeps to its interface.
 */
export interface MetricsRegistry {
  // Registries type this for metric classes of their own, so the parameter is left open.
  registerMetric(metric: never): void
  metrics(): Promise<string>
  readonly contentType: string
}

/**
 * The labels that a registry adds to every sample. It keeps them to itself and adds them only to
 * samples it formats, while ours come as text; a registry without any answers none.
 */
export function defaultLabelsOf(registry: MetricsRegistry): Readonly<Record<string, string>> {
  const { _defaultLabels: labels } = registry as { readonly _defaultLabels?: unknown }
  if (typeof labels !== 'object' || labels === null) return {}
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]))
}
