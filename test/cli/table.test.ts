import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Summary } from '../../src/cli/summary.js'
import { formatSummaries } from '../../src/cli/summary-tables.js'
import { formatTable, type Table } from '../../src/cli/table.js'
import { BYTE_UNITS, COUNT_UNITS } from '../../src/cli/units.js'

const TABLE: Table = {
  title: 'operation',
  names: ['load_get', 'a_rather_long_operation'],
  columns: [
    { title: 'calls', values: [12, 1_234_567], units: COUNT_UNITS, unit: 0 },
    { title: 'bytes', values: [0, 18_527_247_400_960], units: BYTE_UNITS, unit: 0 },
  ],
}

const counts = fc.maxSafeNat()
const seconds = fc.oneof(
  fc.constant(0),
  fc.double({ min: 1e-9, max: 1e4, noNaN: true }),
  fc.double({ min: 1e-9, max: 1e-3, noNaN: true }),
)
const summaries = fc.dictionary(
  fc.string({ unit: 'grapheme-ascii', maxLength: 255 }),
  fc.record<Summary>({
    calls: counts,
    keys: counts,
    bytes: fc.double({ min: 0, max: 2 ** 69, noNaN: true }).map(Math.round),
    failedKeys: counts,
    errors: counts,
    durationSeconds: fc.record({ p50: seconds, p90: seconds, p99: seconds, 'p99.9': seconds }),
  }),
  { maxKeys: 6 },
)

test('a table that fits has every digit of its counts', () => {
  assert.deepEqual(formatTable(TABLE, 80), [
    'operation                    calls               bytes',
    'load_get                        12                   0',
    'a_rather_long_operation  1,234,567  18,527,247,400,960',
  ])
})

test('columns of a table that is too wide get larger units, the widest first', () => {
  assert.deepEqual(formatTable(TABLE, 46), [
    'operation                    calls    bytes MB',
    'load_get                        12           0',
    'a_rather_long_operation  1,234,567  18,527,247',
  ])
  assert.deepEqual(formatTable(TABLE, 42), [
    'operation                calls M  bytes GB',
    'load_get                  <0.001         0',
    'a_rather_long_operation    1.23     18,527',
  ])
})

test('the decimal points of a column are aligned', () => {
  const values = [209, 3.97, 0.2, 18.5, 0.0001]
  const columns = [{ title: 'p50', values, units: COUNT_UNITS, unit: 0 }]
  const table = { title: 'n', names: ['a', 'b', 'c', 'd', 'e'], columns }
  assert.deepEqual(formatTable(table, 80), [
    'n      p50',
    'a  209',
    'b    3.97',
    'c    0.2',
    'd   18.5',
    'e   <0.001',
  ])
})

test('names are cut in the middle if larger units do not suffice, to at least eight characters', () => {
  const cut = formatTable(TABLE, 34)
  assert.deepEqual(
    cut.map((line) => line.split(/ {2,}/)[0]),
    ['operation', 'load_get', 'a_rathe…eration'],
  )
  for (const line of cut) assert.ok(line.length <= 34, line)
  assert.match(formatTable(TABLE, 10).at(-1) ?? '', /^a_ra…ion {2,}/)
})

test('summaries of any numbers and names fit 60 and 80 columns, each heading styled', () => {
  fc.assert(
    fc.property(summaries, fc.constantFrom(60, 80, 200), (operations, width) => {
      const style = { width, heading: (text: string) => `#${text}` }
      const text = formatSummaries('title', { operations, engines: {} }, 0, style)
      const lines = text.split('\n')
      for (const line of lines) assert.ok([...line.replace('#', '')].length <= width, line)
      assert.ok(lines.filter((line) => line.startsWith('#')).length >= 2)
    }),
    { seed: 10, numRuns: 300 },
  )
})
