import {
  EXTRA_COUNTER_METRICS,
  IN_FLIGHT_METRIC,
  type MetricDefinition,
  SELF_METRICS,
  STORE_METRICS,
} from '../catalogue.js'
import type { FamilyShape } from '../exposition/families/family-shape.js'

/** Every metric of the catalogue, those of the option `extraMetrics` included. */
const METRICS = {
  ...STORE_METRICS,
  ...EXTRA_COUNTER_METRICS,
  in_flight: IN_FLIGHT_METRIC,
  ...SELF_METRICS,
}

const SUFFIXES = ['_bucket', '_sum', '_count']

/** Every metric of a dashboard, by its key in the catalogue. */
export type DashboardMetrics = { readonly [Key in keyof typeof METRICS]: MetricDefinition }

/** Returns the metrics with their exposed names. */
export function dashboardMetrics({ define }: Pick<FamilyShape, 'define'>): DashboardMetrics {
  return Object.fromEntries(
    Object.entries(METRICS).map(([key, metric]) => [key, define<MetricDefinition>(metric)]),
  ) as DashboardMetrics
}

/** Returns the metrics that queries read, directly or with a suffix of a histogram. */
export function metricsOf(
  query: string,
  metrics: readonly MetricDefinition[],
): readonly MetricDefinition[] {
  const words = new Set(query.match(/[a-zA-Z_:][\w:]*/g))
  return metrics.filter(({ name, type }) => {
    return (
      words.has(name) ||
      (type === 'histogram' && SUFFIXES.some((suffix) => words.has(name + suffix)))
    )
  })
}
