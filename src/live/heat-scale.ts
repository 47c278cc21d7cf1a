import type { BinLayout } from '../stats/bin-layout.js'

/**
 * Rows of the heat map per octave: the durations of a row are 19 % above those of the row below.
 */
const ROWS_PER_OCTAVE = 4
/** The lower edge of the first row, in seconds: 2^-30. */
const OCTAVE_MIN = -30
const OCTAVE_END = 16
/**
 * Number of rows of a heat map, from 0.93 ns to 18 h. The outermost rows also count durations
 * outside this range.
 */
export const HEAT_ROWS = (OCTAVE_END - OCTAVE_MIN) * ROWS_PER_OCTAVE

/**
 * The lower edge of a row of the heat map in seconds. `HEAT_ROWS` gives the upper edge of the last
 * row.
 */
export function heatRowSeconds(row: number): number {
  return 2 ** (OCTAVE_MIN + row / ROWS_PER_OCTAVE)
}

/** Per bin of a layout, the row of the heat map that contains its middle. */
export function heatRowsOf(layout: BinLayout): Uint16Array {
  return layout.ownBin.map((bin) => {
    const octave = Math.log2(layout.secondsOf(bin)) - OCTAVE_MIN
    const row = Math.floor(octave * ROWS_PER_OCTAVE)
    return Math.min(Math.max(row, 0), HEAT_ROWS - 1)
  })
}
