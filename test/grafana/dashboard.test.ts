import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  EXTRA_COUNTER_METRICS,
  IN_FLIGHT_METRIC,
  type MetricDefinition,
  SELF_METRICS,
  STORE_METRICS,
} from '../../src/catalogue.js'
import { type DashboardOptions, dashboardJson } from '../../src/grafana/dashboard.js'
import {
  type Dashboard,
  type GridPos,
  type Panel,
  panelsOf,
  type Target,
  targetsOf,
} from '../support/assertions/dashboards.js'
import { failure } from '../support/assertions/failures.js'

const COLUMNS = 24
const METRICS: readonly MetricDefinition[] = [
  ...Object.values({ ...STORE_METRICS, ...EXTRA_COUNTER_METRICS, ...SELF_METRICS }),
  IN_FLIGHT_METRIC,
]
const DATASOURCE = { type: 'prometheus', uid: `$\{datasource}` }

function makeDashboard(
  options: Partial<DashboardOptions> = {},
  further?: readonly MetricDefinition[],
): Dashboard {
  return JSON.parse(dashboardJson({ title: 't', uid: 'u', ...options }, further))
}

/** The panels whose queries have a name, or a sample of a histogram of that name. */
function panelsWith(dashboard: Dashboard, name: string): Panel[] {
  const pattern = new RegExp(`(?<![\\w:])${name}(?:_bucket|_sum|_count)?(?=\\{)`)
  return panelsOf(dashboard).filter(({ targets = [] }) => {
    return targets.some(({ expr }) => pattern.test(expr))
  })
}

function overlap(one: GridPos, other: GridPos): boolean {
  return (
    one.x < other.x + other.w &&
    other.x < one.x + one.w &&
    one.y < other.y + other.h &&
    other.y < one.y + one.h
  )
}

/** The faults of a dashboard. */
function faultsOf({ panels, templating }: Dashboard): string[] {
  const all = panels.flatMap((panel) => [panel, ...(panel.panels ?? [])])
  const faults: string[] = []
  const check = (panel: Panel, what: string, isGood: boolean) => {
    if (!isGood) faults.push(`${panel.id} ${panel.title}: ${what}`)
  }
  for (const [index, panel] of all.entries()) {
    const { id, type, title, gridPos, targets = [] } = panel
    check(panel, 'id', Number.isInteger(id) && !all.slice(0, index).some((one) => one.id === id))
    check(panel, 'title', title.trim() !== '')
    check(panel, 'place', gridPos.x >= 0 && gridPos.w > 0 && gridPos.h > 0)
    check(panel, 'width', gridPos.x + gridPos.w <= COLUMNS)
    check(panel, 'overlap', !all.slice(0, index).some((one) => overlap(gridPos, one.gridPos)))
    if (type === 'row') {
      // Grafana ignores panels inside an expanded row.
      check(panel, 'panels', panel.collapsed === (panel.panels ?? []).length > 0)
      continue
    }
    check(panel, 'description', (panel.description ?? '').trim() !== '')
    check(panel, 'unit', (panel.fieldConfig?.defaults.unit ?? '') !== '')
    check(panel, 'queries', targets.length > 0)
    const refIds = targets.map(({ refId }) => refId)
    check(panel, 'refId', new Set(refIds).size === refIds.length)
    for (const { datasource, instant, range } of [panel, ...targets] as Partial<Target>[]) {
      check(panel, 'datasource', JSON.stringify(datasource) === JSON.stringify(DATASOURCE))
      check(panel, 'instant or range', instant !== range || instant === undefined)
    }
  }
  const titles = panelsOf({ panels }).map(({ title }) => title)
  if (new Set(titles).size !== titles.length) faults.push('two panels have one title')
  if (templating.list[0]?.type !== 'datasource') faults.push('no data source')
  return faults
}

test('the dashboard has no faults', () => {
  const dashboard = makeDashboard()
  assert.deepEqual(faultsOf(dashboard), [])
  assert.ok(panelsOf(dashboard).length > 20)
})

test('planted faults of a dashboard are detected', () => {
  const { panels, ...others } = makeDashboard()
  const broken = (change: Partial<Panel>, at: number) => {
    return faultsOf({ ...others, panels: panels.with(at, { ...panels[at], ...change } as Panel) })
  }
  const changes: readonly Partial<Panel>[] = [
    { id: 1 },
    { title: ' ' },
    { title: 'Engines' },
    { description: '' },
    { fieldConfig: { defaults: {} } },
    { datasource: { type: 'prometheus', uid: 'one' } },
    { targets: [] },
    { gridPos: { x: 3, y: 1, w: 4, h: 4 } },
    { gridPos: { x: 21, y: 100, w: 4, h: 4 } },
  ]
  for (const change of changes) assert.notDeepEqual(broken(change, 2), [], JSON.stringify(change))
  assert.notDeepEqual(broken({ collapsed: true }, 0), [])
  assert.notDeepEqual(broken({ panels: [] }, panels.length - 1), [])
})

test('every metric of the catalogue is on the dashboard, with its HELP', () => {
  const dashboard = makeDashboard()
  for (const { name, help } of METRICS) {
    const panels = panelsWith(dashboard, name)
    assert.ok(panels.length > 0, name)
    for (const { title, description } of panels) {
      assert.ok(description?.includes(`\`${name}\`: ${help}`), `${title}: ${name}`)
    }
  }
})

test('a new metric of the catalogue has a panel', () => {
  const further: readonly MetricDefinition[] = [
    { name: 'm_total', type: 'counter', help: 'Counts.', labels: ['engine', 'reason'] },
    { name: 'm_level', type: 'gauge', help: 'Is.', labels: [] },
    { name: 'm_seconds', type: 'histogram', help: 'Lasts.', labels: ['engine', 'operation'] },
  ]
  const dashboard = makeDashboard({}, further)
  assert.deepEqual(faultsOf(dashboard), [])
  assert.equal(dashboard.panels.length, makeDashboard().panels.length + further.length + 1)
  const queries = further.map(({ name }) => {
    return panelsWith(dashboard, name).flatMap(({ targets = [] }) =>
      targets.map(({ expr }) => expr),
    )
  })
  assert.deepEqual(queries, [
    [
      'topk(20, sum by (engine, reason) (rate(' +
        'm_total{instance=~"$instance", engine=~"$engine"}[$__rate_interval])))',
    ],
    ['topk(20, sum(m_level{}))'],
    [
      'topk(20, sum by (engine, operation) (rate(' +
        'm_seconds_count{instance=~"$instance", engine=~"$engine", operation=~"$operation"}' +
        '[$__rate_interval])))',
    ],
  ])
})

test('every query is filtered by the variables whose labels its metrics have', () => {
  const dashboard = makeDashboard({ job: 'a "job"' })
  const variables = dashboard.templating.list.filter(({ type }) => type === 'query')
  assert.deepEqual(
    variables.map(({ name, multi, includeAll, allValue }) => [name, multi, includeAll, allValue]),
    ['instance', 'model', 'engine', 'operation', 'status'].map((name) => [name, true, true, '.*']),
  )
  for (const { title, expr } of targetsOf(dashboard)) {
    const selectors = [...expr.matchAll(/([\w:]+)\{(.*?)\}/g)]
    assert.ok(selectors.length > 0, title)
    for (const [, name = '', matchers = ''] of selectors) {
      const metric = METRICS.find((metric) => {
        return metric.name === name.replace(metric.type === 'histogram' ? /_bucket$/ : /$^/, '')
      })
      assert.ok(metric !== undefined, name)
      const labels = ['model_name', 'engine', 'operation', 'status'].filter((label) => {
        return metric.labels.includes(label)
      })
      const byEngine = metric.labels.includes('engine') || name === SELF_METRICS.enginesUp.name
      const expected = [...(byEngine ? ['instance'] : []), ...labels].map((label) => {
        return `${label}=~"$${label.replace('_name', '')}"`
      })
      const ofJob = 'job="a \\"job\\""'
      // The selector decides whether the job has any engine.
      const isOfAll = matchers === ofJob && expr.includes(`unless on (job) ${name}{${matchers}}`)
      assert.ok(
        isOfAll || matchers.replace(', status!="ok"', '') === [ofJob, ...expected].join(', '),
        `${title}: ${name}{${matchers}}`,
      )
    }
  }
})

test('the variable of instances lists those of engines, which are not targets in a fleet', () => {
  const instance = makeDashboard().templating.list.find(({ name }) => name === 'instance')
  const { name } = SELF_METRICS.records
  assert.equal(instance?.query, `label_values(${name}{}, instance)`)
})

test('the prefix precedes the name of every metric', () => {
  const plain = dashboardJson({ title: 't', uid: 'u' })
  const prefixed = dashboardJson({ title: 't', uid: 'u', prefix: 'app_' })
  const removed = prefixed.replaceAll(/app_(vllm:mooncake|moonmeter)_/g, '$1_')
  assert.equal(removed, plain)
  assert.doesNotMatch(
    prefixed.replaceAll(/app_(vllm:mooncake|moonmeter)_/g, ''),
    /vllm:|moonmeter_/,
  )
  assert.throws(
    () => dashboardJson({ title: 't', uid: 'u', prefix: '1' }),
    failure('INVALID_OPTION'),
  )
})
