import fc from 'fast-check'
import { DURATION_BOUNDS_SECONDS } from '../../../src/catalogue.js'
import type { Row } from '../../../src/stats/row.js'
import { nextDown, nextUp } from './floats.js'

/** Durations at edges of the code: bounds, edges of the range of the bins, extremes. */
export const EDGE_DURATIONS: readonly number[] = [
  ...[...DURATION_BOUNDS_SECONDS, 2 ** -30, 2 ** 16].flatMap((bound) => [
    nextDown(bound),
    bound,
    nextUp(bound),
  ]),
  0,
  Number.MIN_VALUE,
  2 ** -1022,
  nextDown(2 ** -1022),
  1e-12,
  nextDown(2 ** 64),
  2 ** 64,
]

/** Any valid duration of a row; typical ones are more frequent. */
export const durations: fc.Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: 0, max: 5, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: 0, max: 2 ** 64, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(...EDGE_DURATIONS) },
)

/** Any bound, including negative ones, zero, below a nanosecond, and larger than any duration. */
const bound: fc.Arbitrary<number> = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: 0, max: 5, noNaN: true }) },
  { weight: 2, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 2, arbitrary: fc.constantFrom(...EDGE_DURATIONS) },
  { weight: 1, arbitrary: fc.integer({ min: -32, max: 18 }).map((exponent) => 2 ** exponent) },
)

/** Valid bucket bounds; many have neighbours that differ in the last bit. */
export const boundLists: fc.Arbitrary<readonly number[]> = fc
  .array(fc.tuple(bound, fc.integer({ min: 1, max: 4 })), { maxLength: 30 })
  .map((drawn) => {
    const all = drawn.flatMap(([first, count]) => {
      const run = [first]
      while (run.length < count && first >= 0 && first < 1e300)
        run.push(nextUp(run[run.length - 1]))
      return run
    })
    return [...new Set(all.map((value) => value + 0))].sort((left, right) => left - right)
  })

/** Counts small enough that sums of them are exact. */
export const counts: fc.Arbitrary<number> = fc.oneof(
  fc.nat({ max: 2 ** 31 - 1 }),
  fc.constantFrom(0, 1, 2 ** 32, 2 ** 40),
)

/** One code point of any plane, but no half of a surrogate pair. */
export const characters: fc.Arbitrary<string> = fc
  .oneof(
    fc.nat({ max: 0x7f }),
    fc.nat({ max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0xffff }),
    fc.integer({ min: 0x10000, max: 0x10ffff }),
  )
  .map((point) => String.fromCodePoint(point))

/** Strings of code points of all planes, including the empty string. */
export const names: fc.Arbitrary<string> = fc.string({ unit: characters, maxLength: 40 })

/** Complete rows of few operations and statuses. */
export const rows: fc.Arbitrary<Row> = fc.record({
  operation: fc.constantFrom('load_get', 'save_put', 'Ω', '__proto__', ''),
  durationSeconds: durations,
  numKeys: counts,
  numBytes: counts,
  status: fc.constantFrom('ok', 'partial_failure', 'error', 'constructor'),
  numFailedKeys: counts,
})
