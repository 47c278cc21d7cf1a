import { type MetricDefinition, SELF_METRICS, STORE_METRICS } from '../catalogue.js'
import { formatDuration } from './duration.js'
import type { RecordedSeries, RecordingRule } from './recording-rules.js'
import type { RuleOptions } from './rule-options.js'
import { indent, type Selectors } from './selectors.js'

/** A level of aggregation, and the labels that the sum removes. */
interface Level {
  readonly name: 'instance' | 'job'
  readonly without: string
}

const INSTANCE: Level = { name: 'instance', without: 'engine' }
/**
 * The level of jobs, computed from that of instances. Without `honor_labels`, series have
 * `exported_instance`.
 */
const JOB: Level = { name: 'job', without: 'instance, exported_instance' }
const QUANTILES = { p50: 0.5, p99: 0.99 }
const ERROR = { status: 'error' }

/**
 * Rules that sum engines by instance, and instances by job, so that a query over a fleet reads one
 * series per instance and operation, or per operation. Each rule is after the rules that it reads.
 *
 * @param series the recorded series of engines
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

/** Rules for the sums of series of engines by instance, and of these by job. */
function sums(
  selectors: Selectors,
  name: {
    readonly metric: MetricDefinition
    readonly of: string
    readonly what: string
    /** Suffix of the names of the levels, for the labels that remain. */
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
      // A server that ingests native histograms has no `_bucket` series. The comparison drops NaN,
      // the quantile without calls.
      expr:
        `(\n  histogram_quantile(${rank}, ${buckets})\n` +
        `  or histogram_quantile(${rank}, sum without (${without}) (${native}))\n) >= 0`,
    }))
  })
}

function withoutStatus(vector: string): string {
  return `sum without (status) (${vector})`
}
