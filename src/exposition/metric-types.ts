import type { MetricType } from './metric-family.js'

/** By the type of a family, what the names of its samples add to its own. */
export const SAMPLE_SUFFIXES: { readonly [Type in MetricType]: readonly string[] } = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
  unknown: [''],
}

/** By the type of a family, the label of its buckets or quantiles beside those of their series. */
export const BOUND_LABELS: { readonly [Type in MetricType]?: 'le' | 'quantile' } = {
  histogram: 'le',
  summary: 'quantile',
}
