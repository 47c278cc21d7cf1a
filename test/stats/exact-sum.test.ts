import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ExactSum } from '../../src/stats/exact-sum.js'
import { unitsOfSum } from '../support/contents.js'
import { floatOf, nearestFloat, nextDown, nextUp, unitsOf } from '../support/floats.js'

/** Floats of every exponent alike. */
const anyFloat = fc.bigInt({ min: 0n, max: 0x7fefffffffffffffn }).map(floatOf)
const values = fc.array(
  fc.oneof(anyFloat, fc.double({ min: 0, max: 10, noNaN: true }), fc.constantFrom(0, 5e-324, 1)),
  { maxLength: 40 },
)

function sumOf(numbers: Iterable<number>): ExactSum {
  const sum = new ExactSum()
  for (const number of numbers) sum.add(number)
  return sum
}

function total(numbers: Iterable<number>): bigint {
  let units = 0n
  for (const number of numbers) units += unitsOf(number)
  return units
}

test('a sum is exact and rounded once, whatever the spread of its numbers', () => {
  fc.assert(
    fc.property(values, (numbers) => {
      const sum = sumOf(numbers)
      assert.equal(unitsOfSum(sum), total(numbers))
      assert.equal(sum.toNumber(), nearestFloat(total(numbers)))
    }),
    { seed: 5, numRuns: 3_000 },
  )
})

test('100,000 random numbers add up exactly, in any order', () => {
  const [numbers] = fc.sample(
    fc.array(fc.double({ min: 0, max: 1e3, noNaN: true }), { minLength: 1_000, maxLength: 1_000 }),
    { seed: 6, numRuns: 1 },
  )
  const many = Array.from({ length: 100_000 }, (_, index) => numbers[index % 1_000] / (index + 1))
  const expected = nearestFloat(total(many))
  assert.equal(sumOf(many).toNumber(), expected)
  assert.equal(sumOf(many.reverse()).toNumber(), expected)
})

test('ties are rounded to even, and a last bit far below breaks them', () => {
  const half = 2 ** -53
  assert.equal(sumOf([1, half]).toNumber(), 1)
  assert.equal(sumOf([nextUp(1), half]).toNumber(), nextUp(nextUp(1)))
  assert.equal(sumOf([1, half, 5e-324]).toNumber(), nextUp(1))
  assert.equal(sumOf([1, nextDown(half)]).toNumber(), 1)
  assert.equal(sumOf([2 ** 1000, 2 ** 947, 5e-324]).toNumber(), nextUp(2 ** 1000))
})

test('subnormals add up to subnormals and across the border to normal numbers', () => {
  const largest = nextDown(2 ** -1022)
  assert.equal(sumOf([5e-324, 5e-324]).toNumber(), 1e-323)
  assert.equal(sumOf([largest, 5e-324]).toNumber(), 2 ** -1022)
  assert.equal(sumOf([largest, largest]).toNumber(), 2 * largest)
})

test('a sum past the largest float64 is infinite, but goes back when it is taken away', () => {
  const sum = sumOf([Number.MAX_VALUE, 2 ** 969])
  assert.equal(sum.toNumber(), Number.MAX_VALUE)
  sum.add(2 ** 969)
  assert.equal(sum.toNumber(), Number.POSITIVE_INFINITY)
  sum.subtractSum(sumOf([2 ** 970]))
  assert.equal(sum.toNumber(), Number.MAX_VALUE)
})

test('merging sums in any grouping gives what adding all numbers gives', () => {
  fc.assert(
    fc.property(values, values, values, (first, second, third) => {
      const left = sumOf(first)
      left.addSum(sumOf(second))
      left.addSum(sumOf(third))
      const tail = sumOf(third)
      tail.addSum(sumOf(second))
      const right = sumOf(first)
      right.addSum(tail)
      assert.equal(unitsOfSum(left), total([...first, ...second, ...third]))
      assert.equal(left.compare(right), 0)
    }),
    { seed: 7, numRuns: 1_000 },
  )
})

test('a sum added to itself is doubled', () => {
  fc.assert(
    fc.property(values, (numbers) => {
      const sum = sumOf(numbers)
      sum.addSum(sum)
      assert.equal(unitsOfSum(sum), 2n * total(numbers))
    }),
    { seed: 8, numRuns: 500 },
  )
})

test('taking away a part of what was added leaves the rest', () => {
  fc.assert(
    fc.property(values, values, (kept, taken) => {
      const sum = sumOf([...kept, ...taken])
      sum.subtractSum(sumOf(taken))
      assert.equal(unitsOfSum(sum), total(kept))
      assert.equal(sum.toNumber(), nearestFloat(total(kept)))
    }),
    { seed: 9, numRuns: 2_000 },
  )
})

test('taking away any sum that is not larger leaves the exact difference', () => {
  fc.assert(
    fc.property(values, values, (first, second) => {
      const [less, more] = total(first) < total(second) ? [first, second] : [second, first]
      const sum = sumOf(more)
      sum.subtractSum(sumOf(less))
      assert.equal(unitsOfSum(sum), total(more) - total(less))
      assert.equal(sum.toNumber(), nearestFloat(total(more) - total(less)))
    }),
    { seed: 10, numRuns: 2_000 },
  )
})

test('two sums compare as their exact values do', () => {
  fc.assert(
    fc.property(values, values, (first, second) => {
      const difference = total(first) - total(second)
      const expected = difference === 0n ? 0 : difference > 0n ? 1 : -1
      assert.equal(Math.sign(sumOf(first).compare(sumOf(second))), expected)
    }),
    { seed: 11, numRuns: 1_000 },
  )
})

test('a sum made of the limbs of another is the same, to read, to add to and to take from', () => {
  fc.assert(
    fc.property(values, values, (numbers, more) => {
      const sum = sumOf(numbers)
      const copy = new ExactSum(sum.limbs().slice(), sum.firstLimb)
      assert.equal(copy.compare(sum), 0)
      assert.equal(sum.compare(copy), 0)
      assert.equal(copy.toNumber(), sum.toNumber())
      const both = sumOf([...numbers, ...more])
      const others = sumOf(more)
      const small = new ExactSum(others.limbs().slice(), others.firstLimb)
      copy.addSum(small)
      assert.equal(copy.compare(both), 0)
      copy.subtractSum(small)
      assert.equal(copy.compare(sum), 0)
      for (const value of more) small.add(value)
      assert.equal(small.compare(sumOf([...more, ...more])), 0)
    }),
    { seed: 12, numRuns: 500 },
  )
})
