import { DURATION_BOUNDS_SECONDS } from '../../src/catalogue.js'
import type { Totals } from '../workload/totals.js'

/** A row as the reference keeps and sends it. */
export interface RowObject {
  readonly duration_seconds: number
  readonly num_keys: number
  readonly num_bytes: number
  readonly status: string
  readonly num_failed_keys: number
}

/** Adds up row objects, as the reference's `reduce` does. */
export class RowSum {
  readonly #bounds = [...DURATION_BOUNDS_SECONDS, Number.POSITIVE_INFINITY]
  readonly #buckets = this.#bounds.map(() => 0)
  #rows = 0
  #durationSeconds = 0
  #keys = 0
  #bytes = 0
  #failedKeys = 0

  /** Count a row. */
  add(row: RowObject): void {
    this.#rows++
    this.#durationSeconds += row.duration_seconds
    this.#keys += row.num_keys
    this.#bytes += row.num_bytes
    this.#failedKeys += row.num_failed_keys
    for (const [bucket, bound] of this.#bounds.entries()) {
      this.#buckets[bucket] += +(row.duration_seconds <= bound)
    }
  }

  /** The totals so far. */
  totals(): Totals {
    return {
      rows: this.#rows,
      durationSeconds: this.#durationSeconds,
      keys: this.#keys,
      bytes: this.#bytes,
      failedKeys: this.#failedKeys,
      buckets: this.#buckets,
    }
  }
}
