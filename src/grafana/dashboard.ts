import {
  DashboardBuilder,
  DashboardCursorSync,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard'
import type { MetricDefinition } from '../catalogue.js'
import { readShape } from '../exposition/families/family-shape.js'
import { type DashboardMetrics, dashboardMetrics, metricsOf } from './dashboard-metrics.js'
import { enginesRow } from './engines-row.js'
import { furtherRow } from './further-row.js'
import { healthRow } from './health-row.js'
import { latencyRow } from './latency-row.js'
import type { PanelSpec, RowSpec } from './panel-spec.js'
import { buildPanel } from './panels.js'
import { createQueries, type Queries } from './queries.js'
import { extraRow, operationsRow, volumeRow } from './store-rows.js'
import { variables } from './variables.js'

const TAG = 'moonmeter'
const TIME_RANGE = { from: 'now-1h', to: 'now' }
const REFRESH = '30s'

/** Options of a dashboard. */
export interface DashboardOptions {
  readonly title: string
  /**
   * The identifier of the dashboard in Grafana: an import replaces the dashboard with the same one.
   */
  readonly uid: string
  /** Prefix of the name of each metric; default none. */
  readonly prefix?: string
  /** Value of the label `job` of the series; undefined for all jobs. */
  readonly job?: string
}

/**
 * Creates a Grafana dashboard as JSON.
 *
 * The dashboard has version 1 of the schema, which all versions of Grafana import; version 2 needs
 * Grafana 12.
 *
 * @param further metrics that are not in the catalogue
 * @throws MoonmeterError `INVALID_OPTION` for a prefix that is invalid in a metric name
 */
export function dashboardJson(
  { title, uid, prefix = '', job }: DashboardOptions,
  further: readonly MetricDefinition[] = [],
): string {
  const metrics = dashboardMetrics(readShape({ prefix }))
  const queries = createQueries(job)
  const all = [...Object.values(metrics), ...further]
  const dashboard = new DashboardBuilder(title)
    .uid(uid)
    .tags([TAG])
    .time(TIME_RANGE)
    .refresh(REFRESH)
    .tooltip(DashboardCursorSync.Crosshair)
    .variables(variables(metrics, queries))
  let lastId = 0
  const build = (panel: PanelSpec) => buildPanel(panel, ++lastId, describePanel(panel, all))
  for (const { title, collapsed = false, panels } of rowsOf(metrics, all, queries)) {
    const row = new RowBuilder(title).id(++lastId).collapsed(collapsed)
    const built = panels.map(build)
    if (collapsed) {
      // In the JSON, panels of a collapsed row are inside the row, and those of an expanded row
      // follow it.
      dashboard.withRow(built.reduce((row, panel) => row.withPanel(panel), row))
    } else {
      built.reduce((dashboard, panel) => dashboard.withPanel(panel), dashboard.withRow(row))
    }
  }
  return JSON.stringify(dashboard.build(), null, 2)
}

function rowsOf(
  metrics: DashboardMetrics,
  all: readonly MetricDefinition[],
  queries: Queries,
): readonly RowSpec[] {
  const rows = [
    healthRow(metrics, queries),
    operationsRow(metrics, queries),
    latencyRow('classic', metrics, queries),
    volumeRow(metrics, queries),
    enginesRow(metrics, queries),
    latencyRow('native', metrics, queries),
    extraRow(metrics, queries),
  ]
  const further = furtherRow(all, rows, queries)
  return further.panels.length === 0 ? rows : [...rows, further]
}

function describePanel({ what, queries }: PanelSpec, metrics: readonly MetricDefinition[]): string {
  const expressions = queries.map(({ expression }) => expression).join(' ')
  const helps = metricsOf(expressions, metrics).map(({ name, help }) => `\`${name}\`: ${help}`)
  return [what, ...helps].join('\n\n')
}
