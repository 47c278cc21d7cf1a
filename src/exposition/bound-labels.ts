/** By the type of a family, the label of its buckets or quantiles beside those of their series. */
export const BOUND_LABELS: { readonly [type: string]: string } = {
  histogram: 'le',
  summary: 'quantile',
}
