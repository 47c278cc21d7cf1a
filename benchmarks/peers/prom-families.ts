import { DURATION_BOUNDS_SECONDS, STORE_METRICS } from '../../src/catalogue.js'
import { boundLabel } from '../../src/stats/python-float.js'
import type { Totals } from '../workload/totals.js'

/** A family as a registry's `getMetricsAsJSON` returns it. */
export interface PromFamily {
  readonly name: string
  readonly values: readonly {
    readonly metricName?: string
    readonly value: number
    readonly labels: Readonly<Record<string, string | number | undefined>>
  }[]
}

/** The totals over all series of the store's five families in a registry like prom-client's. */
export function totalsOfFamilies(families: readonly PromFamily[]): Totals {
  const { durationSeconds, keys, bytes, failedKeys } = STORE_METRICS
  const sum = (name: string, sample = name, le?: string) =>
    (families.find((family) => family.name === name)?.values ?? [])
      .filter((value) => (value.metricName ?? name) === sample)
      .filter(({ labels }) => le === undefined || String(labels.le) === le)
      .reduce((total, { value }) => total + value, 0)
  const { name } = durationSeconds
  // prom-client's `le` is a number, that of moonmeter the text that Python writes.
  const bucketOf = (bound: number) =>
    sum(name, `${name}_bucket`, String(bound)) || sum(name, `${name}_bucket`, boundLabel(bound))
  return {
    rows: sum(name, `${name}_count`),
    durationSeconds: sum(name, `${name}_sum`),
    keys: sum(keys.name),
    bytes: sum(bytes.name),
    failedKeys: sum(failedKeys.name),
    buckets: [...DURATION_BOUNDS_SECONDS.map(bucketOf), sum(name, `${name}_bucket`, '+Inf')],
  }
}
