import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BYTE_UNITS,
  COUNT_UNITS,
  countOf,
  DURATION_UNITS,
  formatNumber,
  type Units,
  unitFor,
} from '../../src/cli/units.js'

function nameFor(values: readonly number[], units: Units): string | undefined {
  return units[unitFor(values, units)]?.name
}

test('integers have all digits, other numbers three digits and at most three decimals', () => {
  const shown: readonly (readonly [number, string])[] = [
    [0, '0'],
    [7, '7'],
    [1_234_567, '1,234,567'],
    [1_234.5, '1,235'],
    [123.4, '123'],
    [12.345, '12.3'],
    [1.2, '1.2'],
    [0.12345, '0.123'],
    [0.0124, '0.012'],
    [0.0009, '<0.001'],
    [99.99, '100'],
  ]
  for (const [value, text] of shown) assert.equal(formatNumber(value), text)
})

test('counts have the singular or the plural of a noun', () => {
  assert.equal(countOf(1, 'row'), '1 row')
  assert.equal(countOf(1_000, 'row'), '1,000 rows')
  assert.equal(countOf(0, 'row'), '0 rows')
})

test('a common unit shows the smallest number, and no number with seven digits', () => {
  assert.equal(nameFor([0.0002, 0.378], DURATION_UNITS), 'ms')
  assert.equal(nameFor([0.0002, 1.5], DURATION_UNITS), 'ms')
  assert.equal(nameFor([0.2, 40], DURATION_UNITS), 's')
  assert.equal(nameFor([2e-7, 9e-6], DURATION_UNITS), 'µs')
  assert.equal(nameFor([5e-12], DURATION_UNITS), 'ns')
  assert.equal(nameFor([2e-7, 20], DURATION_UNITS), 'ms')
  assert.equal(nameFor([2e-7, 1e6], DURATION_UNITS), 's')
  assert.equal(nameFor([0, 0], DURATION_UNITS), 'ns')
  assert.equal(nameFor([], BYTE_UNITS), '')
  assert.equal(nameFor([3e24], BYTE_UNITS), 'EB')
  assert.equal(nameFor([5, 999_999], COUNT_UNITS), '')
})
