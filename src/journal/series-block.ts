/**
 * The memory of one series in a journal, as a recorder writes it; offsets are those of `SERIES`.
 */
export interface SeriesBlock {
  readonly floats: Float64Array
  readonly words: Int32Array
  /** Index in `floats` at which the fields of `EXTRAS` begin; 0 without these fields. */
  readonly extrasAt: number
}

/** The block of a recorder that has no series yet. It has no elements, so stores are ignored. */
export const NO_BLOCK: SeriesBlock = {
  floats: new Float64Array(0),
  words: new Int32Array(0),
  extrasAt: 0,
}
