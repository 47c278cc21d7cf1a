import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoonmeterError } from '../src/errors.js'
import { requireNumber, resolveNumbers } from '../src/options.js'

const TABLE = {
  share: { fallback: 0.5, min: 0, max: 1 },
  count: { fallback: 3, min: 1, max: 9, integer: true },
}

function invalidOption(message: string) {
  return (error: unknown) =>
    error instanceof MoonmeterError && error.code === 'INVALID_OPTION' && error.message === message
}

test('missing options have their defaults, and both ends of a range are valid', () => {
  assert.deepEqual(resolveNumbers('x', TABLE, {}), { share: 0.5, count: 3 })
  assert.deepEqual(resolveNumbers('x', TABLE, { share: 1, count: 1 }), { share: 1, count: 1 })
})

test('an unknown option is an error that lists the known ones', () => {
  assert.throws(
    () => resolveNumbers('x', TABLE, { shares: 1 } as object),
    invalidOption("x: expected one of share, count, got an option 'shares'; check its spelling"),
  )
  // Inherited names are not options either.
  assert.throws(() => resolveNumbers('x', TABLE, { toString: 1 } as object), MoonmeterError)
})

test('a value out of range, of another type or with a fraction is an error', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [-0.001, '-0.001'],
    [1.001, '1.001'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    ['0.5', '"0.5"'],
    [1n, '1n'],
    [null, 'null'],
  ]
  for (const [value, got] of cases) {
    assert.throws(
      () => requireNumber('x.share', TABLE.share, value),
      invalidOption(`x.share: expected a number from 0 to 1, got ${got}; give one in that range`),
    )
  }
  assert.throws(
    () => requireNumber('x.count', TABLE.count, 2.5),
    invalidOption('x.count: expected an integer from 1 to 9, got 2.5; give one in that range'),
  )
})
