import { type MetricDefinition, STORE_METRICS } from '../catalogue.js'
import { formatDuration } from './duration.js'
import type { RuleOptions } from './rule-options.js'
import { indent, type Matchers, type Selectors } from './selectors.js'

/** A recording rule of Prometheus. */
export interface RecordingRule {
  readonly record: string
  readonly expr: string
}

/** Selectors of the recorded series that the alerts read. */
export interface RecordedSeries {
  /** Calls per second. */
  readonly calls: string
  /** Keys per second. */
  readonly keys: string
  /** Failed keys per second. */
  readonly failedKeys: string
  /** Failed keys per key. */
  readonly failedKeyRatio: string
  /** Calls with the status `error` per second, over the window of a burst. */
  readonly burstErrors: string
  /** Calls with the status `error` per call, over the window of a burst. */
  readonly burstErrorRatio: string
  /** The 99th percentile of durations, in seconds. */
  readonly p99: string
  /** The median of `p99` over the baseline, in seconds. */
  readonly p99Median: string
}

/** Minimum number of p99 values of a baseline; with fewer there is no comparison. */
const BASELINE_SAMPLES_MIN = 10
const ERROR = { status: 'error' }

/** The recording rules, each after the rules that it reads, and the selectors of their series. */
export function recordingRules(
  options: RuleOptions,
  selectors: Selectors,
): { readonly rules: readonly RecordingRule[]; readonly series: RecordedSeries } {
  const rules = new Map<string, RecordingRule>()
  const add = (metric: MetricDefinition, of: string, operations: string, expr: string) => {
    const record = selectors.recordedName(metric, of, operations)
    // If both windows are equal, they share the recorded rates.
    rules.set(record, { record, expr })
    return selectors.recorded(record)
  }
  const rate = (metric: MetricDefinition, seconds: number, of = '', matchers?: Matchers) => {
    const growth = indent(selectors.growth(metric, seconds, matchers))
    const expr = `sum without (status) (\n${growth}\n) / ${seconds}`
    return add(metric, of, `rate${formatDuration(seconds)}`, expr)
  }
  const { windowSeconds, burstWindowSeconds, baselineSeconds } = options
  const { operations, keys, failedKeys, durationSeconds } = STORE_METRICS
  const window = formatDuration(windowSeconds)
  const baseline = formatDuration(baselineSeconds)
  const quantile = (suffix: string) =>
    'histogram_quantile(0.99, sum without (status) (' +
    `rate(${selectors.of(durationSeconds, {}, suffix)}[${window}])))`

  const calls = rate(operations, windowSeconds)
  const keyRate = rate(keys, windowSeconds)
  const failedKeyRate = rate(failedKeys, windowSeconds)
  const burstCalls = rate(operations, burstWindowSeconds)
  const burstErrors = rate(operations, burstWindowSeconds, '_errors', ERROR)
  const p99 = add(
    durationSeconds,
    '',
    `p99_${window}`,
    // A server that ingests native histograms has no `_bucket` series. The comparison drops NaN,
    // the quantile without calls.
    `(\n  ${quantile('_bucket')}\n  or ${quantile('')}\n) >= 0`,
  )
  const past = `${p99}[${baseline}] offset ${window}`
  const series = {
    calls,
    keys: keyRate,
    failedKeys: failedKeyRate,
    failedKeyRatio: add(
      failedKeys,
      '_per_key',
      `ratio_rate${window}`,
      `${failedKeyRate}\n/ ${keyRate}`,
    ),
    burstErrors,
    burstErrorRatio: add(
      operations,
      '_errors_per_operation',
      `ratio_rate${formatDuration(burstWindowSeconds)}`,
      `${burstErrors}\n/ ${burstCalls}`,
    ),
    p99,
    p99Median: add(
      durationSeconds,
      '',
      `p99_${window}_median${baseline}`,
      `quantile_over_time(0.5, ${past})\nand count_over_time(${past}) >= ${BASELINE_SAMPLES_MIN}`,
    ),
  }
  return { rules: [...rules.values()], series }
}
