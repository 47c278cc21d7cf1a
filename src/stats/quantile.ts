import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import type { BinLayout } from './bin-layout.js'

/** Subtracted from `q * n`, so that an integer `q * n` gives the index `q * n - 1`, as in vLLM. */
const RANK_EPSILON = 1e-12

/** A quantile of durations. */
export interface Quantile {
  /** The duration in seconds. */
  readonly seconds: number
  /**
   * Whether `seconds` is one of the durations; otherwise it is the middle of a bin (within 1.6 %).
   */
  readonly exact: boolean
}

/**
 * Index of a quantile among `count` sorted values, from 0: the nearest rank as vLLM computes it,
 * `max(0, min(n-1, trunc(q*n - 1e-12)))`.
 *
 * @throws MoonmeterError `INVALID_OPTION` for a quantile that is not a number from 0 to 1
 */
export function rankOf(quantile: number, count: number): number {
  if (!(typeof quantile === 'number' && quantile >= 0 && quantile <= 1)) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `quantile: expected a number from 0 to 1, got ${describe(quantile)}`,
    )
  }
  return Math.max(0, Math.min(count - 1, Math.trunc(quantile * count - RANK_EPSILON)))
}

/**
 * The bin that holds the value of the given rank, and the number of values in the bins before it.
 */
export function findRank(
  bins: Float64Array,
  rank: number,
): { readonly bin: number; readonly before: number } {
  let before = 0
  for (let bin = 0; bin < bins.length; bin++) {
    const after = before + bins[bin]
    if (after > rank) return { bin, before }
    before = after
  }
  return { bin: bins.length - 1, before }
}

/**
 * The value of the given rank among unsorted durations. The counts give the bin of the value, so
 * only the durations in that bin are sorted.
 *
 * @param durations seconds, in any order
 * @param bins counts per bin of these durations
 */
export function selectRank(
  durations: Float64Array,
  bins: Float64Array,
  layout: BinLayout,
  rank: number,
): number {
  const { bin, before } = findRank(bins, rank)
  const inside = new Float64Array(bins[bin])
  const from = layout.binEdges[bin]
  const to = layout.binEdges[bin + 1]
  let found = 0
  for (let index = 0; index < durations.length; index++) {
    const duration = durations[index]
    // At the edges, only the layout can tell the bin: the first bin of a split segment includes its
    // upper edge.
    if (duration < from || duration > to || layout.binOf(duration) !== bin) continue
    inside[found++] = duration
  }
  return inside.sort()[rank - before]
}
