import type { BinLayout } from '../stats/bin-layout.js'

/** Rows of the heat map per octave: each is 19 % above the one below it. */
const ROWS_PER_OCTAVE = 4
/** The lower edge of the first row, in seconds: 2^-30. */
const OCTAVE_MIN = -30
const OCTAVE_END = 16
/** Rows of a heat map: durations from 0.93 ns to 18 h, and those outside in the outermost rows. */
export const HEAT_ROWS = (OCTAVE_END - OCTAVE_MIN) * ROWS_PER_OCTAVE

/** The lower edge of a row of the heat map in seconds; that of `HEAT_ROWS` is the end of the last. */
export function heatRowSeconds(row: number): number {
  return 2 ** (OCTAVE_MIN + row / ROWS_PER_OCTAVE)
}

/** The row of each bin of a layout: the one that its middle is in. */
export function heatRowsOf(layout: BinLayout): Uint16Array {
  return layout.ownBin.map((bin) => {
    const octave = Math.log2(layout.secondsOf(bin)) - OCTAVE_MIN
    const row = Math.floor(octave * ROWS_PER_OCTAVE)
    return Math.min(Math.max(row, 0), HEAT_ROWS - 1)
  })
}
