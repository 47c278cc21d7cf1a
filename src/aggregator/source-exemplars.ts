import {
  type BucketExemplars,
  type ExemplarsBySeries,
  NO_EXEMPLARS,
} from '../snapshot/series-exemplars.js'
import type { BinLayout } from '../stats/bin-layout.js'
import { bucketOf, type Exemplar, type SeriesExemplar } from '../stats/exemplar.js'
import type { SeriesName } from '../stats/packed-series.js'

/** Number of further exemplars that may be kept; all sources share it. */
export interface ExemplarBudget {
  left: number
}

/** The newest exemplar of each bucket of one source's series, over all its incarnations. */
export class SourceExemplars {
  readonly #layout: BinLayout
  readonly #budget: ExemplarBudget
  #latest: ExemplarsBySeries = NO_EXEMPLARS
  #count = 0

  constructor(layout: BinLayout, budget: ExemplarBudget) {
    this.#layout = layout
    this.#budget = budget
  }

  /** The exemplars by the name of their series; a new object after each change. */
  get latest(): ExemplarsBySeries {
    return this.#latest
  }

  /**
   * Add the exemplars of a report.
   *
   * @param nameOf returns the exposed name of a series of the report
   */
  add(exemplars: readonly SeriesExemplar[], nameOf: (series: number) => SeriesName): void {
    if (exemplars.length === 0) return
    const latest = new Map(this.#latest)
    for (const { series, exemplar } of exemplars) {
      const name = nameOf(series)
      latest.set(name, this.#withExemplar(latest.get(name) ?? this.#newBuckets(), exemplar))
    }
    this.#latest = latest
  }

  /** Return all exemplars to the budget, since the source is dropped. */
  release(): void {
    this.#budget.left += this.#count
    this.#count = 0
    this.#latest = NO_EXEMPLARS
  }

  /** Returns a copy, since snapshots share the former object. */
  #withExemplar(buckets: BucketExemplars, exemplar: Exemplar): BucketExemplars {
    const bucket = bucketOf(exemplar, this.#layout)
    const { [bucket]: before } = buckets
    // Reports of several incarnations may arrive in any order.
    if (before !== undefined && before.timestampSeconds > exemplar.timestampSeconds) return buckets
    if (before === undefined) {
      if (this.#budget.left <= 0) return buckets
      this.#budget.left--
      this.#count++
    }
    return buckets.with(bucket, exemplar)
  }

  #newBuckets(): BucketExemplars {
    return new Array<undefined>(this.#layout.bounds.length + 1).fill(undefined)
  }
}
