import { DURATION_BOUNDS_SECONDS } from '../../src/catalogue.js'
import { ROW_COUNT, type Rows } from './rows.js'

/** Relative difference of naive float sums in different orders. */
const SUM_TOLERANCE = 1e-9

/** The totals of a peer over all its series, without the figures that it does not count. */
export interface Totals {
  readonly rows: number
  readonly durationSeconds: number
  readonly keys: number
  readonly bytes: number
  readonly failedKeys: number
  /** Rows per `le` bound, cumulative, `+Inf` last. */
  readonly buckets: readonly number[]
}

/** The totals of the first rows, counted by a plain loop. */
export function expectedTotals(rows: Rows, count: number): Totals {
  const bounds = [...DURATION_BOUNDS_SECONDS, Number.POSITIVE_INFINITY]
  const buckets = bounds.map(() => 0)
  let [durationSeconds, keys, bytes, failedKeys] = [0, 0, 0, 0]
  for (let index = 0; index < count; index++) {
    const row = index % ROW_COUNT
    const duration = rows.durations[row]
    durationSeconds += duration
    keys += rows.keys[row]
    bytes += rows.bytes[row]
    failedKeys += rows.failedKeys[row]
    for (const [bucket, bound] of bounds.entries()) buckets[bucket] += +(duration <= bound)
  }
  return { rows: count, durationSeconds, keys, bytes, failedKeys, buckets }
}

/**
 * Check the figures that a peer counts.
 *
 * @throws Error naming the peer and the figure that differs
 */
export function assertTotals(
  peer: string,
  counts: readonly (keyof Totals)[],
  got: Partial<Totals>,
  expected: Totals,
): void {
  for (const figure of counts) {
    const [left, right] = [got[figure], expected[figure]]
    if (left !== undefined && same(left, right)) continue
    throw new Error(`${peer}: expected ${figure} ${String(right)}, got ${String(left)}`)
  }
}

function same(left: number | readonly number[], right: number | readonly number[]): boolean {
  if (typeof left === 'number' && typeof right === 'number') {
    return Math.abs(left - right) <= SUM_TOLERANCE * Math.abs(right)
  }
  return String(left) === String(right)
}
