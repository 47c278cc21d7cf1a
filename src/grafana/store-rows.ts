import type { DashboardMetrics } from './dashboard-metrics.js'
import { type PanelSpec, type RowSpec, seriesPanel } from './panel-spec.js'
import { type Queries, sum } from './queries.js'

const HALF = 12

/** The row of the rates of operations, and of those with a status other than `ok`. */
export function operationsRow({ operations }: DashboardMetrics, { rate }: Queries): RowSpec {
  return {
    title: 'Operations',
    panels: [
      byOperation(
        {
          title: 'Operations by operation',
          what: 'Operations per second, of all statuses.',
          unit: 'ops',
        },
        rate(operations, 'operation'),
      ),
      byOperation(
        {
          title: 'Operations that failed in part or whole',
          what: 'Operations per second with another status than ok.',
          unit: 'ops',
        },
        rate(operations, 'operation, status', ['status!="ok"']),
        '{{operation}} {{status}}',
      ),
    ],
  }
}

/** The row of bytes and keys of operations. */
export function volumeRow(metrics: DashboardMetrics, { rate }: Queries): RowSpec {
  const { bytes, keys, failedKeys } = metrics
  return {
    title: 'Bytes and keys',
    panels: [
      byOperation(
        {
          title: 'Bytes by operation',
          what: 'Bytes per second that operations attempted to move, whether or not they failed.',
          unit: 'binBps',
        },
        rate(bytes, 'operation'),
      ),
      byOperation(
        { title: 'Keys by operation', what: 'Keys per second.', unit: 'cps' },
        rate(keys, 'operation'),
      ),
      byOperation(
        { title: 'Failed keys by operation', what: 'Failed keys per second.', unit: 'cps' },
        rate(failedKeys, 'operation'),
      ),
      byOperation(
        {
          title: 'Failed-key ratio by operation',
          what: 'Failed keys as a share of all keys. Operations without keys have no value.',
          unit: 'percentunit',
        },
        ratio(rate(failedKeys, 'operation'), rate(keys, 'operation')),
      ),
    ],
  }
}

/** The row of the metrics of the option `extraMetrics`. */
export function extraRow(metrics: DashboardMetrics, { rate, select }: Queries): RowSpec {
  const { transferred_bytes, hit_keys, in_flight, keys } = metrics
  const hitRatio = ratio(rate(hit_keys, 'operation'), rate(keys, 'operation'))
  // Excludes operations that are not lookups, which have 0 hits.
  const everHit = `${sum(select(hit_keys), 'operation')} > 0`
  return {
    title: 'Extra metrics (option extraMetrics)',
    collapsed: true,
    panels: [
      byOperation(
        {
          title: 'Transferred bytes by operation',
          what: 'Bytes per second that were moved. No data without transferred_bytes.',
          unit: 'binBps',
        },
        rate(transferred_bytes, 'operation'),
      ),
      byOperation(
        {
          title: 'Operations in flight',
          what: 'Operations in flight. No data without in_flight.',
          unit: 'short',
        },
        sum(select(in_flight), 'operation'),
      ),
      byOperation(
        {
          title: 'Hit keys by operation',
          what: 'Keys per second that lookups found. No data without hit_keys.',
          unit: 'cps',
        },
        rate(hit_keys, 'operation'),
      ),
      byOperation(
        {
          title: 'Hit ratio by operation',
          what: 'Keys found as a share of the keys looked up, of operations that ever found one.',
          unit: 'percentunit',
        },
        `${hitRatio} and on (operation) ${everHit}`,
      ),
    ],
  }
}

/** A query for a quotient, with no value instead of NaN if the divisor is 0. */
export function ratio(dividend: string, divisor: string): string {
  return `${dividend} / (${divisor} > 0)`
}

function byOperation(
  spec: Pick<PanelSpec, 'title' | 'what' | 'unit'>,
  expression: string,
  name = '{{operation}}',
): PanelSpec {
  return seriesPanel({ ...spec, width: HALF }, expression, name)
}
