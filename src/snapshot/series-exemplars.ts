import type { Exemplar } from '../stats/exemplar.js'
import type { SeriesName } from '../stats/packed-series.js'

/** The exemplars of a series: one element per bucket, ascending, ending with `+Inf`. */
export type BucketExemplars = readonly (Exemplar | undefined)[]

/** The exemplars of a source by the name of the series; immutable. */
export type ExemplarsBySeries = ReadonlyMap<SeriesName, BucketExemplars>

export const NO_EXEMPLARS: ExemplarsBySeries = new Map()

/** Per bucket the newer one of two exemplars. */
export function newerExemplars(left: BucketExemplars, right: BucketExemplars): BucketExemplars {
  if (left === right) return left
  return left.map((one, bucket) => {
    const other = right[bucket]
    if (one === undefined || other === undefined) return one ?? other
    return other.timestampSeconds > one.timestampSeconds ? other : one
  })
}

/** The exemplars that are new since an earlier snapshot of the same source. */
export function subtractExemplars(
  later: ExemplarsBySeries,
  earlier: ExemplarsBySeries,
): ExemplarsBySeries {
  if (later === earlier) return NO_EXEMPLARS
  const newer = Array.from(later, ([name, exemplars]) => {
    const before = earlier.get(name)
    const isNew = (one: Exemplar | undefined, bucket: number) => one !== before?.[bucket]
    return [name, exemplars.map((one, bucket) => (isNew(one, bucket) ? one : undefined))] as const
  })
  return new Map(newer)
}
