import type { Results } from './results.js'
import { relativeSpread } from './statistics.js'

/** Spread of the calibration (greatest less least, over the median) from which a run is noisy. */
export const NOISY_SPREAD = 0.2

/** Lines that say how noisy the machine was, and what to do about it. */
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
