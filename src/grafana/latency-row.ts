import { OUTLIER_RATIO, OUTLIER_SECONDS_MIN } from '../live/outliers.js'
import type { DashboardMetrics } from './dashboard-metrics.js'
import { outliers } from './outliers.js'
import type { PanelSpec, RowSpec } from './panel-spec.js'
import { BY_ENGINE, ENGINE_LEGEND, largest, type Queries, sum } from './queries.js'

const THIRD = 8
const HALF = 12
const WHOLE = 24
const QUANTILES = [0.5, 0.9, 0.99] as const
const HIGH_QUANTILE = 0.99

/** The kinds of histograms. A Prometheus server stores one kind per target. */
export type HistogramKind = 'classic' | 'native'

const KINDS = {
  classic: { suffix: '_bucket', labels: ['le'], name: 'classic buckets' },
  native: { suffix: '', labels: [], name: 'native histograms' },
} as const

/** The row of percentiles and a heat map of durations, from one kind of histogram. */
export function latencyRow(
  kind: HistogramKind,
  { durationSeconds }: DashboardMetrics,
  { select }: Queries,
): RowSpec {
  const { suffix, labels, name } = KINDS[kind]
  const series = `${select(durationSeconds, [], suffix)}[$__rate_interval]`
  const histogram = (by: readonly string[]) => {
    return sum(`rate(${series})`, [...by, ...labels].join(', '))
  }
  const quantile = (share: number, by: string) => {
    // The comparison drops NaN, the quantile of an empty histogram.
    return `histogram_quantile(${share}, ${histogram([by])}) >= 0`
  }
  const p99 = quantile(HIGH_QUANTILE, BY_ENGINE)
  const timed = { kind: 'series', unit: 's' } as const
  const percentiles = QUANTILES.map((share): PanelSpec => {
    const title = `p${100 * share} by operation, ${name}`
    return {
      ...timed,
      title,
      what: `The duration that ${100 * share} % of the operations did not exceed.`,
      width: THIRD,
      queries: [{ expression: quantile(share, 'operation'), name: '{{operation}}' }],
    }
  })
  return {
    title: `Latency from ${name}`,
    // A server stores only one kind per target, so the row of native histograms is collapsed.
    collapsed: kind === 'native',
    panels: [
      ...percentiles,
      {
        kind: 'heatmap',
        title: `Durations, ${name}`,
        what: 'Operations by duration: how many there are in each bucket over time.',
        unit: 's',
        width: WHOLE,
        queries: [
          {
            expression: sum(`increase(${series})`, labels.join(', ')),
            name: kind === 'classic' ? '{{le}}' : 'durations',
          },
        ],
      },
      {
        ...timed,
        title: `p99 by engine, ${name}`,
        what: 'The duration that 99 % of the operations did not exceed, of the slowest engines.',
        width: HALF,
        queries: [{ expression: largest(p99), name: ENGINE_LEGEND }],
      },
      {
        ...timed,
        title: `Outlier engines, ${name}`,
        what:
          `Engines whose p99 is above ${OUTLIER_SECONDS_MIN} s and above ${OUTLIER_RATIO} times the ` +
          'median of the p99 of the other engines, over the operations selected. No data is good.',
        width: HALF,
        queries: [{ expression: outliers(p99), name: ENGINE_LEGEND }],
      },
    ],
  }
}
