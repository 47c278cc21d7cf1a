import { type MetricDefinition, SELF_METRICS, STORE_METRICS } from '../catalogue.js'
import { formatDuration } from './duration.js'
import type { RecordedSeries, RecordingRule } from './recording-rules.js'
import type { RuleOptions } from './rule-options.js'
import { indent, type Selectors } from './selectors.js'

/** A level that engines are added up to, and the labels that are summed away on the way there. */
interface Level {
  readonly name: 'instance' | 'job'
  readonly without: string
}

const INSTANCE: Level = { name: 'instance', without: 'engine' }
/** From the level of instances. Targets without `honor_labels` have `exported_instance`. */
const JOB: Level = { name: 'job', without: 'instance, exported_instance' }
const QUANTILES = { p50: 0.5, p99: 0.99 }
const ERROR = { status: 'error' }

/**
 * Rules that add engines up to instances, and instances to jobs, so that a query over a fleet reads as
 * many series as there are instances and operations, or operations alone. Each is after those that it
 * reads.
 *
 * @param series those of engines, recorded before
 */
export function rollUpRules(
  { windowSeconds }: RuleOptions,
  selectors: Selectors,
  series: RecordedSeries,
): readonly RecordingRule[] {
  const { operations, keys, bytes, failedKeys, durationSeconds } = STORE_METRICS
  const window = formatDuration(windowSeconds)
  const rate = `rate${window}`
  const perSecond = (metric: MetricDefinition, matchers = {}) =>
    `(\n${indent(selectors.growth(metric, windowSeconds, matchers))}\n) / ${windowSeconds}`
  const summed = (metric: MetricDefinition, of: string, what: string, engines: string) => {
    return sums(selectors, { metric, of, what, suffix: '_operation' }, engines)
  }
  const buckets = `rate(${selectors.of(durationSeconds, {}, '_bucket')}[${window}])`
  return [
    ...summed(operations, '', rate, series.calls),
    ...summed(operations, '_errors', rate, withoutStatus(perSecond(operations, ERROR))),
    ...summed(keys, '', rate, series.keys),
    ...summed(failedKeys, '', rate, series.failedKeys),
    ...summed(bytes, '', rate, withoutStatus(perSecond(bytes))),
    ...summed(durationSeconds, '_bucket', rate, withoutStatus(buckets)),
    ...quantiles(selectors, window),
    ...(['engineUp', 'engineOpen'] as const).flatMap((name) => {
      const metric = SELF_METRICS[name]
      return sums(selectors, { metric, of: '', what: 'sum', suffix: '' }, selectors.of(metric))
    }),
  ]
}

/** The sums of some series of engines by instance, and of these by job. */
function sums(
  selectors: Selectors,
  name: {
    readonly metric: MetricDefinition
    readonly of: string
    readonly what: string
    /** Of the levels: which labels remain beside that of the level. */
    readonly suffix: string
  },
  engines: string,
): RecordingRule[] {
  const { metric, of, what, suffix } = name
  let summed = engines
  return [INSTANCE, JOB].map((level) => {
    const record = selectors.recordedName(metric, of, what, `${level.name}${suffix}`)
    const expr = `sum without (${level.without}) (${summed})`
    summed = selectors.recorded(record)
    return { record, expr }
  })
}

function quantiles(selectors: Selectors, window: string): RecordingRule[] {
  const metric = STORE_METRICS.durationSeconds
  const native = `rate(${selectors.of(metric)}[${window}])`
  return [INSTANCE, JOB].flatMap(({ name }) => {
    const level = `${name}_operation`
    const without =
      name === 'instance' ? 'engine, status' : 'engine, status, instance, exported_instance'
    const buckets = selectors.recorded(
      selectors.recordedName(metric, '_bucket', `rate${window}`, level),
    )
    return Object.entries(QUANTILES).map(([quantile, rank]) => ({
      record: selectors.recordedName(metric, '', `${quantile}_${window}`, level),
      // A server that takes native histograms has no buckets. Without calls the quantile is NaN, which
      // the comparison drops.
      expr:
        `(\n  histogram_quantile(${rank}, ${buckets})\n` +
        `  or histogram_quantile(${rank}, sum without (${without}) (${native}))\n) >= 0`,
    }))
  })
}

function withoutStatus(vector: string): string {
  return `sum without (status) (${vector})`
}
