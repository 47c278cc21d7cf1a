import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  BinLayout,
  BOUND_SECONDS_END,
  BOUND_SECONDS_MIN,
  DEFAULT_LAYOUT,
} from '../../src/stats/bin-layout.js'
import { failure } from '../support/assertions/failures.js'
import { durations, EDGE_DURATIONS } from '../support/generators/arbitraries.js'
import { nextDown, nextUp } from '../support/generators/floats.js'

const CUSTOM_BOUNDS = [2 ** -30, 1e-6, 0.0123, 0.5, 1, 1.04, 7, 4096, nextDown(2 ** 16)]
const LAYOUTS = [DEFAULT_LAYOUT, new BinLayout(CUSTOM_BOUNDS), new BinLayout([])]

/** The bucket by its definition: the first whose bound is not below the duration. */
function bucketOf(bounds: readonly number[], duration: number): number {
  const index = bounds.findIndex((bound) => duration <= bound)
  return index < 0 ? bounds.length : index
}

function assertPlaced(layout: BinLayout, duration: number): void {
  const slot = layout.binOf(duration)
  assert.equal(layout.bucketOfBin[slot], bucketOf(layout.bounds, duration), `${duration}`)
  assert.ok(duration >= layout.binEdges[slot], `${duration} below slot ${slot}`)
  assert.ok(duration <= layout.binEdges[slot + 1], `${duration} above slot ${slot}`)
}

test('every bound, and a hair below and above it, falls into the right bucket', () => {
  for (const layout of LAYOUTS) {
    for (const bound of [...layout.bounds, ...EDGE_DURATIONS.filter((edge) => edge > 0)]) {
      for (const duration of [nextDown(bound), bound, nextUp(bound)]) {
        assertPlaced(layout, duration)
      }
    }
  }
})

test('zero, denormals and durations past the range have slots at the ends', () => {
  for (const layout of LAYOUTS) {
    for (const tiny of [0, Number.MIN_VALUE, 2 ** -1022, nextDown(2 ** -30)]) {
      assert.equal(layout.binOf(tiny), 0)
    }
    assert.equal(layout.binOf(2 ** -30), 1)
    assert.ok(layout.binOf(nextDown(2 ** 16)) < layout.binCount - 1)
    for (const huge of [2 ** 16, nextUp(2 ** 16), 1e300, Number.MAX_VALUE]) {
      assert.equal(layout.binOf(huge), layout.binCount - 1)
    }
  }
})

test('any duration falls into the bucket of its definition, under any bounds', () => {
  const bounds = fc
    .array(fc.double({ min: BOUND_SECONDS_MIN, max: nextDown(BOUND_SECONDS_END), noNaN: true }), {
      maxLength: 20,
    })
    .map((drawn) => {
      const kept: number[] = []
      for (const bound of drawn.sort((left, right) => left - right)) {
        if (kept.length === 0 || bound > kept[kept.length - 1] * 1.04) kept.push(bound)
      }
      return kept
    })
  fc.assert(
    fc.property(bounds, fc.array(durations, { maxLength: 30 }), (drawn, values) => {
      const layout = new BinLayout(drawn)
      for (const duration of [...values, ...drawn, ...drawn.map(nextUp), ...drawn.map(nextDown)]) {
        assertPlaced(layout, duration)
      }
    }),
    { seed: 1, numRuns: 200 },
  )
})

test('slots are in ascending order of duration and their edges never step back', () => {
  for (const layout of LAYOUTS) {
    for (let slot = 1; slot <= layout.binCount; slot++) {
      assert.ok(layout.binEdges[slot] >= layout.binEdges[slot - 1])
    }
    assert.equal(layout.binEdges[layout.binCount], Number.POSITIVE_INFINITY)
  }
  fc.assert(
    fc.property(durations, durations, (left, right) => {
      const [low, high] = left < right ? [left, right] : [right, left]
      assert.ok(DEFAULT_LAYOUT.binOf(low) <= DEFAULT_LAYOUT.binOf(high))
    }),
    { seed: 2, numRuns: 2_000 },
  )
})

test('the duration that stands for a slot is within 1.6 % of any in the range', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.double({ min: 2 ** -30, max: nextDown(2 ** 16), noNaN: true }),
        fc.integer({ min: -30, max: 15 }).map((exponent) => 2 ** exponent),
        fc.integer({ min: -29, max: 16 }).map((exponent) => nextDown(2 ** exponent)),
      ),
      (duration) => {
        for (const layout of LAYOUTS) {
          const off = Math.abs(layout.secondsOf(layout.binOf(duration)) - duration)
          assert.ok(off <= 0.016 * duration, `${duration} is off by ${off}`)
        }
      },
    ),
    { seed: 3, numRuns: 5_000 },
  )
})

test('bounds out of order, out of range, not finite or within one cell are refused', () => {
  const refused = [
    [1, 1],
    [2, 1],
    [0],
    [-1],
    [nextDown(2 ** -30)],
    [2 ** 16],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [1, Number.NaN],
    [1, 1.01],
  ]
  for (const bounds of refused) {
    assert.throws(() => new BinLayout(bounds), failure('INVALID_OPTION'), String(bounds))
  }
})

test('a layout keeps its bounds even when the caller changes the array', () => {
  const bounds = [1, 2]
  const layout = new BinLayout(bounds)
  bounds[0] = 9
  assert.deepEqual(layout.bounds, [1, 2])
  assert.ok(layout.equals(new BinLayout([1, 2])))
  assert.ok(!layout.equals(DEFAULT_LAYOUT))
  assert.ok(!layout.matches([1]))
})
