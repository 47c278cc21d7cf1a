import type { MetricType } from './metric-family.js'

/** Per type of a family, the suffixes of the names of its samples. */
export const SAMPLE_SUFFIXES: { readonly [Type in MetricType]: readonly string[] } = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
  unknown: [''],
}

/** Per type of a family, the label of its buckets or quantiles. */
export const BOUND_LABELS: { readonly [Type in MetricType]?: 'le' | 'quantile' } = {
  histogram: 'le',
  summary: 'quantile',
}
