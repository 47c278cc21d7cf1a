import type { MetricDefinition } from '../catalogue.js'
import { metricsOf } from './dashboard-metrics.js'
import { type RowSpec, seriesPanel } from './panel-spec.js'
import { largest, type Queries, sum } from './queries.js'

const HALF = 12

/**
 * The row of metrics that no other panel shows, so that a new metric of the catalogue is on the
 * dashboard before it has its own panel.
 */
export function furtherRow(
  metrics: readonly MetricDefinition[],
  rows: readonly RowSpec[],
  queries: Queries,
): RowSpec {
  const shown = new Set(
    rows
      .flatMap(({ panels }) => panels)
      .flatMap((panel) => panel.queries)
      .flatMap(({ expression }) => metricsOf(expression, metrics)),
  )
  const missing = metrics.filter((metric) => !shown.has(metric))
  return {
    title: 'Further metrics',
    panels: missing.map((metric) => {
      const { name, labels, type } = metric
      const by = labels.join(', ')
      const expression =
        type === 'gauge' ? sum(queries.select(metric), by) : queries.rate(countOf(metric), by)
      return seriesPanel(
        {
          title: name,
          what: type === 'gauge' ? 'Its value.' : 'Its rate per second.',
          unit: 'short',
          width: HALF,
        },
        largest(expression),
        labels.map((label) => `{{${label}}}`).join(' '),
      )
    }),
  }
}

function countOf(metric: MetricDefinition): MetricDefinition {
  return metric.type === 'histogram' ? { ...metric, name: `${metric.name}_count` } : metric
}
