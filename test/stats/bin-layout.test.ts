import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BINS_MAX, BinLayout, DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { BOUNDS_MAX } from '../../src/stats/bucket-bounds.js'
import { failure } from '../support/assertions/failures.js'
import { boundLists, durations, EDGE_DURATIONS } from '../support/generators/arbitraries.js'
import { nextDown, nextUp } from '../support/generators/floats.js'

const CUSTOM_BOUNDS = [2 ** -30, 1e-6, 0.0123, 0.5, 1, 1.04, 7, 4096, nextDown(2 ** 16)]
/** Bounds before and after the segments, on their edges, and several in one segment. */
const DENSE_BOUNDS = [-1, 0, 5e-324, 1e-12, 2 ** -30, 1, nextUp(1), 1.01, 1.02, 2, 2 ** 16, 1e300]
const LAYOUTS = [
  DEFAULT_LAYOUT,
  new BinLayout(CUSTOM_BOUNDS),
  new BinLayout([]),
  new BinLayout(DENSE_BOUNDS),
]

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

/** A duration and those next to it; no duration is negative. */
function around(duration: number): number[] {
  return duration > 0 ? [nextDown(duration), duration, nextUp(duration)] : [0]
}

test('every bound, and its neighbouring numbers, are in the right bucket', () => {
  for (const layout of LAYOUTS) {
    for (const bound of [...layout.bounds, ...EDGE_DURATIONS]) {
      for (const duration of around(bound)) assertPlaced(layout, duration)
    }
  }
})

test('zero, denormals and durations past the range have slots at the ends, which only bounds split', () => {
  for (const layout of LAYOUTS.slice(0, 3)) {
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

test('any duration is in the bucket of its definition, with any bounds', () => {
  fc.assert(
    fc.property(boundLists, fc.array(durations, { maxLength: 30 }), (bounds, values) => {
      const layout = new BinLayout(bounds)
      for (const duration of [...values, ...bounds.flatMap(around)]) assertPlaced(layout, duration)
    }),
    { seed: 1, numRuns: 1_000 },
  )
})

test('a layout of the most bounds, all of one segment, places every duration', () => {
  const bounds = Array.from({ length: BOUNDS_MAX }, (_, index) => 1 + index * 2 ** -40)
  const layout = new BinLayout(bounds)
  assert.equal(layout.binCount, BINS_MAX)
  assert.ok(layout.isDense && !DEFAULT_LAYOUT.isDense)
  for (const duration of bounds.flatMap(around)) assertPlaced(layout, duration)
})

test('slots are in ascending order of duration and their edges never decrease', () => {
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

test('bounds out of order, not finite, not numbers or too many are rejected with the reason', () => {
  const many = Array.from({ length: BOUNDS_MAX + 1 }, (_, index) => index)
  const infinite = Number.POSITIVE_INFINITY
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [[1, 1], /got 1 after 1; sort them/],
    [[2, 1], /got 1 after 2/],
    [[0, -0], /got 0 after 0/],
    [[Number.NaN], /got NaN/],
    [[1, Number.NaN, 2], /got NaN after 1/],
    [[Number.NEGATIVE_INFINITY, 1], /got -Infinity/],
    [[1, infinite, infinite], /got Infinity after 1/],
    [[1, infinite, 2], /got Infinity after 1/],
    [['1'], /got "1"/],
    [[1n], /got 1n/],
    [new Array(3), /got undefined/],
    [many, /at most 1024 bounds, got 1025; drop some/],
    [new Array(2 ** 32 - 1), /at most 1024 bounds/],
    [Float64Array.of(1), /an array of the upper bounds/],
    [{}, /an array of the upper bounds/],
    ['', /got ""/],
    [null, /got null/],
  ]
  for (const [bounds, message] of refused) {
    for (const make of [() => new BinLayout(bounds as []), () => BinLayout.of(bounds as [])]) {
      assert.throws(make, (error: Error) => {
        assert.match(error.message, message)
        return failure('INVALID_OPTION')(error)
      })
    }
  }
  assert.equal(new BinLayout([...many.slice(1), infinite]).bounds.length, BOUNDS_MAX)
})

test('a last bound of Infinity is dropped, and zero has no sign', () => {
  assert.deepEqual(new BinLayout([1, 2, Number.POSITIVE_INFINITY]).bounds, [1, 2])
  assert.deepEqual(new BinLayout([Number.POSITIVE_INFINITY]).bounds, [])
  assert.ok(Object.is(new BinLayout([-0, 1]).bounds[0], 0))
  const vllm = [...DEFAULT_LAYOUT.bounds, Number.POSITIVE_INFINITY]
  assert.equal(BinLayout.of(vllm), DEFAULT_LAYOUT)
})

test('a layout does not change with the array of the caller', () => {
  const bounds = [1, 2]
  const layout = new BinLayout(bounds)
  bounds[0] = 9
  assert.deepEqual(layout.bounds, [1, 2])
  assert.ok(layout.equals(new BinLayout([1, 2])))
  assert.ok(!layout.equals(DEFAULT_LAYOUT))
  assert.ok(!layout.matches([1]))
})
