import type { DashboardMetrics } from './dashboard-metrics.js'
import { type PanelSpec, type RowSpec, seriesPanel } from './panel-spec.js'
import {
  BY_ENGINE,
  ENGINE_LEGEND,
  largest,
  type Queries,
  SERIES_SHOWN_MAX,
  sum,
  upEngines,
} from './queries.js'

const THIRD = 8
const QUARTER = 6
const WHOLE = 24

/** The row with panels per engine: state, reports and restarts. */
export function enginesRow(metrics: DashboardMetrics, queries: Queries): RowSpec {
  const { records, reports, reportBytes, restarts, rejected } = metrics
  const { rate, select } = queries
  const byEngine = (spec: Pick<PanelSpec, 'title' | 'what' | 'unit'>, vector: string) => {
    return seriesPanel({ ...spec, width: QUARTER }, largest(vector), ENGINE_LEGEND)
  }
  return {
    title: 'Engines',
    panels: [
      enginesTable(metrics, queries),
      seriesPanel(
        {
          title: 'Engines up by instance',
          what: 'Engines that run and report.',
          unit: 'short',
          width: THIRD,
        },
        sum(upEngines(metrics, queries), 'instance'),
        '{{instance}}',
      ),
      seriesPanel(
        {
          title: 'Restarts by reason',
          what:
            'Restarts since the server began. A reason appears with its first restart, which a ' +
            'rate would not count.',
          unit: 'short',
          width: THIRD,
        },
        sum(select(restarts), 'reason'),
        '{{reason}}',
      ),
      seriesPanel(
        {
          title: 'Rejected payloads by reason',
          what:
            'Payloads that were rejected, over the interval of a rate, by the server that rejected ' +
            'them. The variable Instance has no effect.',
          unit: 'short',
          width: THIRD,
        },
        largest(sum(`increase(${select(rejected)}[$__rate_interval])`, 'instance, reason')),
        '{{instance}} {{reason}}',
      ),
      byEngine(
        {
          title: 'Last report by engine',
          what: `Seconds since the last report at the scrape; ${SERIES_SHOWN_MAX} engines.`,
          unit: 's',
        },
        oldestReport(metrics, queries),
      ),
      byEngine(
        {
          title: 'Records by engine',
          what: `Rows per second; the ${SERIES_SHOWN_MAX} busiest engines.`,
          unit: 'cps',
        },
        rate(records, BY_ENGINE),
      ),
      byEngine(
        {
          title: 'Reports by engine',
          what: `Payloads per second; the ${SERIES_SHOWN_MAX} busiest engines.`,
          unit: 'cps',
        },
        rate(reports, BY_ENGINE),
      ),
      byEngine(
        {
          title: 'Bytes of reports by engine',
          what: `Bytes of payloads per second; the ${SERIES_SHOWN_MAX} busiest engines.`,
          unit: 'binBps',
        },
        rate(reportBytes, BY_ENGINE),
      ),
    ],
  }
}

/**
 * A query for the seconds since the last report at the last scrape, of each engine that is not
 * down.
 */
export function oldestReport({ lastReport, engineUp }: DashboardMetrics, queries: Queries): string {
  const reported = queries.select(lastReport)
  // `timestamp` gives the time of the scrape, which may be a scrape interval before the evaluation.
  // Totals over all engines have no `engine_up`, so the query excludes engines that are down
  // instead of selecting those that are up.
  return `timestamp(${reported}) - ${reported} unless ${queries.select(engineUp)} == 0`
}

function enginesTable(metrics: DashboardMetrics, { rate, select }: Queries): PanelSpec {
  const { engineUp, engineOpen, lastReport, records, reports, restarts } = metrics
  const age = `timestamp(${select(lastReport)}) - ${select(lastReport)}`
  return {
    kind: 'table',
    title: 'Engines',
    what:
      'Each engine: whether it is up (1), whether it should be (open, 1), and what it reported, at ' +
      'the end of the time range.',
    unit: 'short',
    width: WHOLE,
    queries: [
      { name: 'Up', expression: `max by (${BY_ENGINE}) (${select(engineUp)})`, unit: 'none' },
      { name: 'Last report', expression: `max by (${BY_ENGINE}) (${age})`, unit: 's' },
      { name: 'Records', expression: sum(select(records), BY_ENGINE), unit: 'short' },
      { name: 'Records per second', expression: rate(records, BY_ENGINE), unit: 'cps' },
      { name: 'Reports', expression: sum(select(reports), BY_ENGINE), unit: 'short' },
      { name: 'Restarts', expression: sum(select(restarts), BY_ENGINE), unit: 'none' },
      { name: 'Open', expression: `max by (${BY_ENGINE}) (${select(engineOpen)})`, unit: 'none' },
    ],
  }
}
