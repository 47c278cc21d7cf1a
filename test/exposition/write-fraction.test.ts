import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { writeFraction } from '../../src/exposition/lines/write-fraction.js'
import { floatOf, nextUp } from '../support/generators/floats.js'

const START = 3
const bytes = new Uint8Array(40)

/** The written text of a value; undefined if nothing is written. */
function written(value: number): string | undefined {
  const end = writeFraction(bytes, START, value)
  if (end === START) return undefined
  return Buffer.from(bytes.subarray(START, end)).toString('latin1')
}

/** Values with a fraction: any, sums of durations, short ones, and the neighbours of those. */
const fractions = fc
  .oneof(
    fc.double({ min: 1e-3, max: 1e15, noNaN: true }),
    fc
      .array(fc.double({ min: 1e-6, max: 10, noNaN: true }), { minLength: 1, maxLength: 20 })
      .map((values) => values.reduce((sum, value) => sum + value, 0)),
    fc
      .tuple(fc.nat({ max: 1e9 }), fc.integer({ min: 1, max: 9 }))
      .map(([digits, places]) => digits / 10 ** places),
    fc
      .tuple(fc.nat({ max: 1e6 }), fc.integer({ min: 1, max: 6 }))
      .map(([digits, places]) => nextUp(digits / 10 ** places)),
    fc.integer({ min: -9, max: 49 }).map((exponent) => nextUp(2 ** exponent)),
  )
  .filter((value) => !Number.isInteger(value))

test('a number with a fraction has the text that JavaScript gives it, or none', () => {
  fc.assert(
    fc.property(fractions, (value) => {
      const text = written(value)
      if (text !== undefined) assert.equal(text, String(value))
    }),
    { seed: 41, numRuns: 200_000 },
  )
})

test('most sums of durations are written', () => {
  let count = 0
  let sum = 0
  for (let row = 1; row <= 1_000; row++) {
    sum += Math.sin(row) ** 2
    count += Number(written(sum) === String(sum))
  }
  assert.ok(count > 900, `${count}`)
})

test('integers of any length are not written', () => {
  for (let exponent = 0; exponent < 16; exponent++) {
    for (const value of [
      10 ** exponent,
      10 ** exponent + 1,
      123_456_789_012_345 % 10 ** exponent,
    ]) {
      assert.equal(written(value), undefined, `${value}`)
    }
  }
})

test('values out of range and powers of two are not written', () => {
  const smallest = floatOf(1n)
  const others = [0, smallest, 9e-4, 0.5, 1e15 + 0.5, 1e300, Number.NaN, Number.POSITIVE_INFINITY]
  for (const value of [...others, -1.7]) assert.equal(written(value), undefined, `${value}`)
})
