import type { MetricType } from '../metric-family.js'

/**
 * The field numbers of the messages of `io/prometheus/client/metrics.proto` that are written.
 *
 * @see https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto
 */
export const FAMILY = { name: 1, help: 2, type: 3, metric: 4, unit: 5 } as const
export const METRIC = {
  label: 1,
  gauge: 2,
  counter: 3,
  summary: 4,
  unknown: 5,
  histogram: 7,
} as const satisfies Record<MetricType | 'label', number>
export const LABEL = { name: 1, value: 2 } as const
/**
 * Fields of gauges, counters and untyped metrics; only counters have an exemplar and a creation
 * time.
 */
export const VALUE = { value: 1, exemplar: 2, created: 3 } as const
export const SUMMARY = { count: 1, sum: 2, quantile: 3, created: 4 } as const
export const QUANTILE = { quantile: 1, value: 2 } as const
export const HISTOGRAM = {
  count: 1,
  sum: 2,
  bucket: 3,
  schema: 5,
  zeroThreshold: 6,
  zeroCount: 7,
  positiveSpan: 12,
  positiveDelta: 13,
  created: 15,
} as const
export const BUCKET = { cumulativeCount: 1, upperBound: 2, exemplar: 3 } as const
export const SPAN = { offset: 1, length: 2 } as const
export const EXEMPLAR = { label: 1, value: 2, timestamp: 3 } as const
/** Fields of `google.protobuf.Timestamp`. */
export const TIMESTAMP = { seconds: 1, nanos: 2 } as const

/** The values of `MetricType`. */
export const TYPE_NUMBERS: Readonly<Record<MetricType, number>> = {
  counter: 0,
  gauge: 1,
  summary: 2,
  unknown: 3,
  histogram: 4,
}
