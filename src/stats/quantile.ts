import type { CellLayout } from './cell-layout.js'

/** Guards the rank against `0.9 * 10` coming out a hair above 9, as the reference does. */
const RANK_EPSILON = 1e-12

/** A quantile of durations, and how far it may be trusted. */
export interface Quantile {
  readonly seconds: number
  /** Whether it is one of the durations, or the middle of its cell (within 1.6 %). */
  readonly exact: boolean
}

/**
 * Index of a quantile among `count` sorted values, from 0: the nearest rank as the reference
 * counts it, `max(0, min(n-1, trunc(q*n - 1e-12)))`.
 */
export function rankOf(quantile: number, count: number): number {
  return Math.max(0, Math.min(count - 1, Math.trunc(quantile * count - RANK_EPSILON)))
}

/** The slot that holds the value of the given rank, and how many values lie in slots before it. */
export function findRank(
  cells: Float64Array,
  rank: number,
): { readonly slot: number; readonly before: number } {
  let before = 0
  for (let slot = 0; slot < cells.length; slot++) {
    const after = before + cells[slot]
    if (after > rank) return { slot, before }
    before = after
  }
  return { slot: cells.length - 1, before }
}

/**
 * The value of the given rank among unsorted durations, without sorting them: the cells name the
 * slot, and only the durations inside it are looked at closely.
 *
 * @param durations seconds, in any order
 * @param cells counts per slot of exactly these durations
 */
export function selectRank(
  durations: Float64Array,
  cells: Float64Array,
  layout: CellLayout,
  rank: number,
): number {
  const { slot, before } = findRank(cells, rank)
  const inside = new Float64Array(cells[slot])
  const from = layout.slotEdges[slot]
  const to = layout.slotEdges[slot + 1]
  let found = 0
  for (let index = 0; index < durations.length; index++) {
    const duration = durations[index]
    // The edges of a split cell are inclusive at its bound, so the layout has the last word.
    if (duration < from || duration > to || layout.slotOf(duration) !== slot) continue
    inside[found++] = duration
  }
  return inside.sort()[rank - before]
}
