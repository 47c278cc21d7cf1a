import type { Results } from './results.js'
import { relativeSpread } from './statistics.js'

/** A run is noisy when the spread of its calibration (see `relativeSpread`) is above this. */
export const NOISY_SPREAD = 0.2

/** Lines that show how noisy the machine was, with advice. */
export function noiseLines(results: Results): string[] {
  const spread = relativeSpread(results.values('calibration', 'loop', 'ns'))
  const percent = `${(100 * spread).toFixed(0)} %`
  if (spread <= NOISY_SPREAD) return [`calibration spread ${percent}: the machine was quiet`]
  return [
    `WARNING: the machine was noisy: the same loop took times that lie ${percent} apart ` +
      `(quiet: ${100 * NOISY_SPREAD} %).`,
    'Close what else runs, wait for CI to end, and run again with more --rounds; trust ratios',
    'within this run before absolute figures, and those with a small spread before the others.',
  ]
}
