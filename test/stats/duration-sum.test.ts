import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { durationSumOf, secondsOfSum } from '../../src/stats/duration-sum.js'
import { durations } from '../support/generators/arbitraries.js'
import { nearestFloat, nextDown, nextUp, unitsOf } from '../support/generators/floats.js'
import { sumOf } from '../support/generators/reports.js'

const values = fc.array(durations, { maxLength: 40 })

function total(numbers: Iterable<number>): bigint {
  let units = 0n
  for (const number of numbers) units += unitsOf(number)
  return units
}

test('a sum of any durations is exact and rounded once', () => {
  fc.assert(
    fc.property(values, (numbers) => {
      assert.equal(sumOf(numbers), total(numbers))
      assert.equal(secondsOfSum(sumOf(numbers)), nearestFloat(total(numbers)))
    }),
    { seed: 5, numRuns: 3_000 },
  )
})

test('a sum of one duration from 2^-30 s on is that duration', () => {
  fc.assert(
    fc.property(
      durations.filter((value) => value >= 2 ** -30),
      (value) => {
        assert.equal(secondsOfSum(durationSumOf(value)), value)
      },
    ),
    { seed: 6, numRuns: 3_000 },
  )
})

test('shorter durations are rounded to the nearest 2^-82 s', () => {
  assert.equal(durationSumOf(2 ** -82), 1n)
  assert.equal(durationSumOf(2 ** -83), 1n)
  assert.equal(durationSumOf(nextDown(2 ** -83)), 0n)
  assert.equal(durationSumOf(Number.MIN_VALUE), 0n)
})

test('ties are rounded to even, and a last bit far below breaks them', () => {
  const half = 2 ** -53
  const seconds = (...numbers: number[]) => secondsOfSum(sumOf(numbers))
  assert.equal(seconds(1, half), 1)
  assert.equal(seconds(nextUp(1), half), nextUp(nextUp(1)))
  assert.equal(seconds(1, half, 2 ** -82), nextUp(1))
  assert.equal(seconds(2 ** 40, 2 ** -13, 2 ** -82), nextUp(2 ** 40))
})

test('a sum of the greatest number of the longest durations is finite', () => {
  const longest = durationSumOf(2 ** 64) * BigInt(Number.MAX_SAFE_INTEGER)
  assert.equal(secondsOfSum(longest), 2 ** 64 * Number.MAX_SAFE_INTEGER)
})
