/** By type of family the label that buckets or quantiles have beside those of their series. */
export const BOUND_LABELS: { readonly [type: string]: string } = {
  histogram: 'le',
  summary: 'quantile',
}
