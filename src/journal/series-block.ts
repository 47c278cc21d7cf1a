/** The memory of one series in a journal, as a recorder writes it; offsets are those of `SERIES`. */
export interface SeriesBlock {
  readonly floats: Float64Array
  /** The same memory as int32. */
  readonly words: Int32Array
}

/** What a recorder without a series writes to: nothing. */
export const NO_BLOCK: SeriesBlock = { floats: new Float64Array(0), words: new Int32Array(0) }
