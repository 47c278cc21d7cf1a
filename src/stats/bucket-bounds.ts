import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'

/**
 * Maximum number of bucket bounds, `Infinity` excluded. Each bound adds a number to every series in
 * memory and a line to every series in a scrape, so even some hundred bounds are costly.
 */
export const BOUNDS_MAX = 1_024

/**
 * A checked copy of bucket bounds, without a last bound of `Infinity`.
 *
 * @throws MoonmeterError `INVALID_OPTION`
 */
export function readBounds(given: readonly number[]): number[] {
  if (!Array.isArray(given)) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `bounds: expected an array of the upper bounds of the buckets in seconds, got ${describe(given)}`,
    )
  }
  const { length } = given
  const count = length > 0 && given[length - 1] === Number.POSITIVE_INFINITY ? length - 1 : length
  if (count > BOUNDS_MAX) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `bounds: expected at most ${BOUNDS_MAX} bounds, got ${count}; drop some: each is a line of ` +
        'every series in every scrape, and quantiles of snapshots do not depend on them',
    )
  }
  const bounds: number[] = []
  let previous = Number.NEGATIVE_INFINITY
  for (let index = 0; index < count; index++) {
    const bound: unknown = given[index]
    if (typeof bound !== 'number' || !(bound > previous && bound < Number.POSITIVE_INFINITY)) {
      const before = index === 0 ? '' : ` after ${previous}`
      throw new MoonmeterError(
        'INVALID_OPTION',
        'bounds: expected finite numbers of seconds, each larger than the one before, got ' +
          `${describe(bound)}${before}; sort them and drop those that are equal`,
      )
    }
    // The text of -0 as a bound would be `-0.0`.
    bounds.push(bound + 0)
    previous = bound
  }
  return bounds
}
