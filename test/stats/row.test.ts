import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeRow } from '../../src/stats/row.js'
import { failure } from '../support/assertions/failures.js'

const NO_NUMBERS: readonly unknown[] = [
  -1,
  -Number.MIN_VALUE,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  '1',
  null,
  true,
  [],
  1n,
  { valueOf: () => 1 },
]

test('a row takes the defaults of the reference and cuts fractions off its counts', () => {
  assert.deepEqual(makeRow('save_put', 0.5, 3), {
    operation: 'save_put',
    durationSeconds: 0.5,
    numKeys: 3,
    numBytes: 0,
    status: 'ok',
    numFailedKeys: 0,
  })
  const row = makeRow('', 0, 3.9, { numBytes: 0.99, status: '', numFailedKeys: 1.5 })
  assert.deepEqual([row.numKeys, row.numBytes, row.numFailedKeys], [3, 0, 1])
})

test('options that are undefined take their defaults too', () => {
  const row = makeRow('op', 1, 1, {
    numBytes: undefined,
    status: undefined,
    numFailedKeys: undefined,
  })
  assert.deepEqual(row, makeRow('op', 1, 1))
})

test('negative, NaN and infinite numbers, and what is no number, are refused in every place', () => {
  for (const wrong of NO_NUMBERS) {
    const value = wrong as number
    assert.throws(() => makeRow('op', value, 1), failure('INVALID_ROW'))
    assert.throws(() => makeRow('op', 1, value), failure('INVALID_ROW'))
    assert.throws(() => makeRow('op', 1, 1, { numBytes: value }), failure('INVALID_ROW'))
    assert.throws(() => makeRow('op', 1, 1, { numFailedKeys: value }), failure('INVALID_ROW'))
  }
  assert.throws(() => makeRow('op', undefined as never, 1), failure('INVALID_ROW'))
  assert.throws(() => makeRow('op', 1, undefined as never), failure('INVALID_ROW'))
})

test('names that are no strings are refused', () => {
  for (const wrong of [1, null, {}, ['ok']]) {
    assert.throws(() => makeRow(wrong as never, 1, 1), failure('INVALID_ROW'))
    assert.throws(() => makeRow('op', 1, 1, { status: wrong as never }), failure('INVALID_ROW'))
  }
})
