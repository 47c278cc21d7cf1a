import type { DashboardMetrics } from './dashboard-metrics.js'
import { oldestReport } from './engines-row.js'
import type { PanelSpec, RowSpec } from './panel-spec.js'
import { type Queries, sum, upEngines } from './queries.js'
import { ratio } from './store-rows.js'

const SIXTH = 4
const FAILED_RATIO_YELLOW = 0.01
const FAILED_RATIO_RED = 0.05
/** The default silence time-out: three report intervals of one second. */
const REPORT_AGE_SECONDS_YELLOW = 3
const REPORT_AGE_SECONDS_RED = 15

/** The row of six figures on the state of all engines. */
export function healthRow(metrics: DashboardMetrics, queries: Queries): RowSpec {
  const { engineUp, engineOpen, operations, bytes, keys, failedKeys } = metrics
  const { rate, select } = queries
  return {
    title: 'Is it healthy?',
    panels: [
      stat('Engines up', {
        what: 'Engines that run and report.',
        unit: 'short',
        expression: sum(upEngines(metrics, queries)),
        steps: [
          { from: 0, colour: 'red' },
          { from: 1, colour: 'green' },
        ],
      }),
      stat('Engines down', {
        what:
          'Engines that should be up (open) and are silent or failed, not those that were closed. ' +
          'No data where series are totals over all engines.',
        unit: 'short',
        // A product, unlike `and`, also has a value when no engine is down: 0.
        expression: sum(`${select(engineOpen)} * (1 - ${select(engineUp)})`),
        steps: [{ from: 1, colour: 'red' }],
      }),
      stat('Oldest last report', {
        what: 'The longest time since a last report, of engines that are up, at the last scrape.',
        unit: 's',
        expression: `max(${oldestReport(metrics, queries)})`,
        steps: [
          { from: REPORT_AGE_SECONDS_YELLOW, colour: 'yellow' },
          { from: REPORT_AGE_SECONDS_RED, colour: 'red' },
        ],
      }),
      stat('Operations', {
        what: 'Operations per second, of all statuses.',
        unit: 'ops',
        expression: rate(operations),
      }),
      stat('Bytes', {
        what: 'Bytes per second that operations attempted to move.',
        unit: 'binBps',
        expression: rate(bytes),
      }),
      stat('Failed-key ratio', {
        what: 'Failed keys as a share of all keys. No data while there are no operations.',
        unit: 'percentunit',
        expression: ratio(rate(failedKeys), rate(keys)),
        steps: [
          { from: FAILED_RATIO_YELLOW, colour: 'yellow' },
          { from: FAILED_RATIO_RED, colour: 'red' },
        ],
      }),
    ],
  }
}

function stat(
  title: string,
  spec: Pick<PanelSpec, 'what' | 'unit' | 'steps'> & { readonly expression: string },
): PanelSpec {
  const { expression, ...shared } = spec
  return {
    ...shared,
    kind: 'stat',
    title,
    width: SIXTH,
    queries: [{ expression, name: title }],
  }
}
