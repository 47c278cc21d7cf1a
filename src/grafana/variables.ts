import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import type { MetricDefinition } from '../catalogue.js'
import type { DashboardMetrics } from './dashboard-metrics.js'
import { LABEL_VARIABLES, type LabelVariable, type Queries } from './queries.js'

const DATASOURCE_VARIABLE = 'datasource'

/** The data source of every query: the one selected on the dashboard. */
export const DATASOURCE = { type: 'prometheus', uid: `\${${DATASOURCE_VARIABLE}}` } as const

/**
 * The value of `All`. It also matches series without the label, such as totals over all engines;
 * Grafana's default, a list of all values, does not.
 */
const ALL_VALUE = '.*'
const ALL = { text: ['All'], value: ['$__all'], selected: true }
const TITLES = {
  instance: 'Instance',
  model: 'Model',
  engine: 'Engine',
  operation: 'Operation',
  status: 'Status',
} as const satisfies Record<LabelVariable, string>

/** The variables of the dashboard: the data source, and one for each label that filters. */
export function variables(metrics: DashboardMetrics, queries: Queries): Builder<VariableModel>[] {
  const { operations, records } = metrics
  const sources: Readonly<Record<LabelVariable, MetricDefinition>> = {
    // Read from a metric of engines: with `honor_labels`, their instances are not targets.
    instance: records,
    model: operations,
    engine: records,
    operation: operations,
    status: operations,
  }
  const names = Object.keys(LABEL_VARIABLES) as LabelVariable[]
  return [
    new DatasourceVariableBuilder(DATASOURCE_VARIABLE).label('Data source').type(DATASOURCE.type),
    ...names.map((name) => {
      const query = queries.valuesOf(name, sources[name])
      return new QueryVariableBuilder(name)
        .label(TITLES[name])
        .datasource(DATASOURCE)
        .query(query)
        .definition(query)
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.NaturalAsc)
        .multi(true)
        .includeAll(true)
        .allValue(ALL_VALUE)
        .current(ALL)
    }),
  ]
}
