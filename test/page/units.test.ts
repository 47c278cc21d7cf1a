import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatClock, formatPassed, formatSeconds } from '../../src/page/times.js'
import {
  AXIS_COUNTS,
  BYTE_RATE_UNITS,
  chooseUnit,
  countOf,
  DURATION_UNITS,
  formatNumber,
  formatTick,
  formatWithUnit,
  PERCENT,
  RATE_UNITS,
} from '../../src/page/units.js'

const NUMBERS: readonly (readonly [value: number | undefined, text: string])[] = [
  [undefined, '–'],
  [Number.NaN, '–'],
  [0, '0'],
  [0.00012, '<0.001'],
  [0.0123, '0.012'],
  [0.5, '0.500'],
  [1, '1.00'],
  [9.996, '10.0'],
  [12.34, '12.3'],
  [99.96, '100'],
  [412.4, '412'],
  [2_944, '2,940'],
  [123_456, '123,000'],
]

test('numbers have three significant digits and at most three decimals', () => {
  for (const [value, text] of NUMBERS) assert.equal(formatNumber(value), text, String(value))
})

test('a number is formatted in the unit of its column', () => {
  assert.equal(formatNumber(0.0123, { name: 'ms', size: 1e-3 }), '12.3')
  assert.equal(formatWithUnit(0.0123, DURATION_UNITS), '12.3 ms')
  assert.equal(formatWithUnit(8.1e11, BYTE_RATE_UNITS), '810 GB/s')
  assert.equal(formatWithUnit(0.003, PERCENT), '0.300 %')
  assert.equal(formatWithUnit(42, RATE_UNITS), '42.0/s')
})

test('labels of axes are short', () => {
  const texts = [0, 1e-4, 0.02, 1, 20].map((value) => formatTick(value, DURATION_UNITS))
  assert.deepEqual(texts, ['0', '100 µs', '20 ms', '1 s', '20 s'])
  const counts = [0, 50, 2_500, 20_000, 3e6].map((value) => formatTick(value, AXIS_COUNTS))
  assert.deepEqual(counts, ['0', '50', '2.5 k', '20 k', '3 M'])
})

test('the unit of a column is chosen by its largest number', () => {
  const nameOf = (largest: number) => chooseUnit(DURATION_UNITS, largest).name
  assert.deepEqual([2e-9, 5e-6, 0.9, 1, 70].map(nameOf), ['ns', 'µs', 'ms', 's', 's'])
  assert.equal(nameOf(0), 'ms', 'without a number')
  assert.equal(chooseUnit(RATE_UNITS, 99_999).name, '/s')
  assert.equal(chooseUnit(RATE_UNITS, 100_000).name, 'k/s')
})

test('a unit does not change while numbers are legible in it', () => {
  const ms = chooseUnit(DURATION_UNITS, 0.9)
  const next = (largest: number) => chooseUnit(DURATION_UNITS, largest, ms).name
  assert.deepEqual([0, 0.0006, 1.9].map(next), ['ms', 'ms', 'ms'])
  assert.deepEqual([0.0004, 2.1].map(next), ['µs', 's'])
})

test('counts have a noun', () => {
  assert.deepEqual([countOf(1, 'engine'), countOf(2_000, 'engine')], ['1 engine', '2,000 engines'])
})

test('only short ages have tenths', () => {
  assert.deepEqual([-5, 40, 9_940, 9_960, 12_400].map(formatSeconds), [
    '0.0',
    '0.0',
    '9.9',
    '10',
    '12',
  ])
  const passed = [-1, 8_999, 60_000, 61_000, 300_000, 330_000].map(formatPassed)
  assert.deepEqual(passed, ['0 s', '8 s', '1 min', '61 s', '5 min', '5 min'])
})

test('a moment is a local time of day with two digits each', () => {
  assert.match(formatClock(Date.UTC(2026, 0, 1, 3, 4, 5)), /^\d\d:\d\d:05$/)
})
