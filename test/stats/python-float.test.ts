import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { boundLabel, pythonFloat, roundThousandths } from '../../src/stats/python-float.js'
import { floatOf, nextDown, nextUp, roundThousandthsExactly } from '../support/generators/floats.js'

/** Results of `repr(float)` in CPython 3. */
const REPRS: readonly (readonly [number, string])[] = [
  [20, '20.0'],
  [0, '0.0'],
  [-0, '-0.0'],
  [0.062, '0.062'],
  [0.1 + 0.2, '0.30000000000000004'],
  [1e-5, '1e-05'],
  [1.5e-5, '1.5e-05'],
  [0.0001, '0.0001'],
  [0.00012345, '0.00012345'],
  [1e-7, '1e-07'],
  [1e15, '1000000000000000.0'],
  [9999999999999998, '9999999999999998.0'],
  [1e16, '1e+16'],
  [12345678901234568, '1.2345678901234568e+16'],
  [123456789012345.6, '123456789012345.6'],
  [1e21, '1e+21'],
  [1e22, '1e+22'],
  [1e100, '1e+100'],
  [5e-324, '5e-324'],
  [2.2250738585072014e-308, '2.2250738585072014e-308'],
  [1.7976931348623157e308, '1.7976931348623157e+308'],
  [-1.5, '-1.5'],
  [-2e-7, '-2e-07'],
  [Number.NaN, 'nan'],
  [Number.POSITIVE_INFINITY, 'inf'],
  [Number.NEGATIVE_INFINITY, '-inf'],
]

test('floats print as in Python', () => {
  for (const [value, text] of REPRS) assert.equal(pythonFloat(value), text)
})

test('a printed float parses to the same float and never looks like an integer', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = pythonFloat(value)
      assert.ok(Object.is(Number(text), value), `${value} as ${text}`)
      assert.match(text, /^-?\d+(\.\d+|(\.\d+)?e[+-]\d{2,3})$/)
    }),
    { seed: 13, numRuns: 5_000 },
  )
})

test('bucket bounds print as in the Python client', () => {
  const bounds = [1, 0.001, 1.5, 2 ** -30, 1e-5, 4096, 999_999, 1e6, 1.5e7, 1e22, -2, Infinity]
  assert.deepEqual(bounds.map(boundLabel), [
    '1.0',
    '0.001',
    '1.5',
    '9.313225746154785e-10',
    '1e-05',
    '4096.0',
    '999999.0',
    '1e+06',
    '1.5e+07',
    '1e+22',
    '-2.0',
    '+Inf',
  ])
})

test('the examples of ties that toFixed would take up are taken to even', () => {
  const ties = [0.0625, 0.1875, 0.3125, 0.4375, 0.5625, 2.0625, 1024.0625]
  assert.deepEqual(ties.map(roundThousandths), [0.062, 0.188, 0.312, 0.438, 0.562, 2.062, 1024.062])
})

test('200,000 roundings agree with exact arithmetic', () => {
  const random = fc.sample(fc.nat({ max: 2 ** 31 - 1 }), { seed: 14, numRuns: 50_000 })
  let ties = 0
  const check = (value: number) => {
    assert.equal(roundThousandths(value), roundThousandthsExactly(value), `of ${value}`)
  }
  for (const [index, number] of random.entries()) {
    const tie = (2 * number + 1) / 16
    ties += Number((tie * 16) % 2 === 1)
    check(tie)
    check(index % 2 === 0 ? nextUp(tie) : nextDown(tie))
    check(number / 2 ** (index % 60))
    check(number / 1000 + 0.0005)
  }
  assert.equal(ties, 50_000)
})

test('ties and near ties of any magnitude agree with exact arithmetic', () => {
  const odd = fc.bigInt({ min: 0n, max: 2n ** 52n - 1n }).map((half) => Number(2n * half + 1n))
  const narrowed = fc
    .tuple(odd, fc.integer({ min: 0, max: 52 }))
    .map(([number, shift]) => (2 * Math.floor(number / 2 ** (shift + 1)) + 1) / 16)
  fc.assert(
    fc.property(narrowed, (tie) => {
      for (const value of [tie, nextUp(tie), nextDown(tie)]) {
        assert.equal(roundThousandths(value), roundThousandthsExactly(value), `of ${value}`)
      }
    }),
    { seed: 15, numRuns: 20_000 },
  )
})

test('any non-negative float rounds as exact arithmetic does', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 0x7fefffffffffffffn }).map(floatOf), (value) => {
      assert.equal(roundThousandths(value), roundThousandthsExactly(value), `of ${value}`)
    }),
    { seed: 16, numRuns: 5_000 },
  )
})
