import type { Prometheus } from '../processes/prometheus.js'
import { type Dashboard, interpolate, type Selection, targetsOf } from './dashboards.js'

/**
 * Grafana's value for a scrape interval of 1 s and points of at most 3 s: four scrapes.
 *
 * @see https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/
 */
const BUILT_IN = { __rate_interval: '4s' }
const RANGE_SECONDS = 4
/** Labels of a legend that series may lack. */
const OPTIONAL_LABELS = ['instance', 'exported_instance', 'engine']
const LABEL_VALUES = /^label_values\((.*), (\w+)\)$/

/** A query of a panel or of a variable, without variables. */
export interface DashboardQuery {
  /** The title of its panel and its letter, or the name of its variable. */
  readonly key: string
  readonly text: string
  readonly kind: 'instant' | 'range' | 'label'
  /** The labels of the legend, which some series must have. */
  readonly labels: readonly string[]
}

/** Every query of a dashboard, with its variables replaced as by Grafana. */
export function queriesOf(dashboard: Dashboard, selected?: Selection): DashboardQuery[] {
  const fill = (text: string) => interpolate(text, dashboard, BUILT_IN, selected)
  const variables = dashboard.templating.list.filter(({ type }) => type === 'query')
  return [
    ...variables.map(({ name, query }) => {
      return { key: `$${name}`, text: fill(query), kind: 'label', labels: [] } as const
    }),
    ...targetsOf(dashboard).map(({ title, refId, expr, instant, legendFormat }) => {
      const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label)
      const kind = instant ? 'instant' : 'range'
      return { key: `${title} ${refId}`, text: fill(expr), kind, labels } as const
    }),
  ]
}

/** The queries for which a Prometheus server has no data. */
export async function queriesWithoutData(
  prometheus: Prometheus,
  queries: readonly DashboardQuery[],
): Promise<DashboardQuery[]> {
  const found = await Promise.all(queries.map((query) => hasData(prometheus, query)))
  return queries.filter((_, index) => !found[index])
}

async function hasData(prometheus: Prometheus, query: DashboardQuery): Promise<boolean> {
  if (query.kind === 'label') {
    const [, selector = '', label = ''] = LABEL_VALUES.exec(query.text) ?? []
    return (await prometheus.labelValues(label, selector)).length > 0
  }
  const series = await seriesOf(prometheus, query)
  const required = query.labels.filter((label) => !OPTIONAL_LABELS.includes(label))
  return series.length > 0 && required.every((label) => series.some((labels) => label in labels))
}

/** The labels of the series that have a value that Grafana draws. */
async function seriesOf(prometheus: Prometheus, { kind, text }: DashboardQuery) {
  if (kind === 'instant') {
    const instants = await prometheus.query(text)
    return instants.filter(({ value }) => isDrawn(value)).map(({ metric }) => metric)
  }
  const ranges = await prometheus.queryRange(text, RANGE_SECONDS)
  return ranges
    .filter(({ values = [], histograms = [] }) => {
      return values.some(isDrawn) || histograms.some(([, { count }]) => Number(count) > 0)
    })
    .map(({ metric }) => metric)
}

function isDrawn([, text]: readonly [time: number, text: string]): boolean {
  return Number.isFinite(Number(text))
}
