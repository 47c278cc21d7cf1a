import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectorStats } from '../../src/stats/connector-stats.js'
import { contentsOf } from '../support/assertions/contents.js'
import { failure } from '../support/assertions/failures.js'

test('the seven values are in the order of the reference, operations by code point', () => {
  const stats = new ConnectorStats()
  stats.recordOperation('\u{1f600}', 0.001, 1)
  stats.recordOperation('\uff5e', 0.02, 3, { numBytes: 10, status: 'error', numFailedKeys: 3 })
  stats.recordOperation('\uff5e', 0.04, 2, { numBytes: 5, status: 'Error', numFailedKeys: 1 })
  assert.deepEqual(Object.entries(stats.reduce()), [
    ['\uff5e_count', 2],
    ['\uff5e_avg_ms', 30],
    ['\uff5e_p90_ms', 40],
    ['\uff5e_total_keys', 5],
    ['\uff5e_total_bytes', 15],
    ['\uff5e_failed_keys', 4],
    ['\uff5e_error_count', 1],
    ['\u{1f600}_count', 1],
    ['\u{1f600}_avg_ms', 1],
    ['\u{1f600}_p90_ms', 1],
    ['\u{1f600}_total_keys', 1],
    ['\u{1f600}_total_bytes', 0],
    ['\u{1f600}_failed_keys', 0],
    ['\u{1f600}_error_count', 0],
  ])
})

test('stats with a declared operation without rows are not empty, and have no values', () => {
  const stats = new ConnectorStats()
  assert.ok(stats.isEmpty())
  stats.declare('load_get')
  assert.ok(!stats.isEmpty())
  assert.deepEqual(stats.reduce(), {})
  assert.equal(stats.quantile('load_get', 0.5), undefined)
  assert.ok(!new ConnectorStats().aggregate(stats).isEmpty())
  stats.reset()
  assert.ok(stats.isEmpty())
  assert.deepEqual(stats.operations(), [])
})

test('a rejected row changes nothing, not even the names', () => {
  const stats = new ConnectorStats()
  assert.throws(() => stats.recordOperation('op', Number.NaN, 1), failure('INVALID_ROW'))
  assert.throws(() => stats.recordOperation('op', 1, -1), failure('INVALID_ROW'))
  assert.throws(
    () => stats.recordOperation('op', 1, 1, { status: 4 as never }),
    failure('INVALID_ROW'),
  )
  assert.ok(stats.isEmpty())
})

test('aggregate returns its own stats, does not change the other ones and ignores empty ones', () => {
  const stats = new ConnectorStats()
  stats.recordOperation('op', 0.1, 1)
  const other = new ConnectorStats()
  assert.equal(stats.aggregate(other), stats)
  assert.ok(other.isEmpty())
  other.recordOperation('op', 0.2, 2)
  const before = contentsOf(other)
  stats.aggregate(other)
  assert.deepEqual(contentsOf(other), before)
  assert.equal(stats.rows, 2)
  stats.recordOperation('op', 0.3, 2)
  assert.equal(other.rows, 1)
})

test('no row of stats with other buckets is added', () => {
  const stats = new ConnectorStats()
  stats.recordOperation('op', 0.1, 1)
  const other = new ConnectorStats({ bounds: [1] })
  other.recordOperation('new', 0.1, 1)
  const before = contentsOf(stats)
  assert.throws(() => stats.aggregate(other), failure('LAYOUT_MISMATCH'))
  assert.deepEqual(contentsOf(stats), before)
  assert.deepEqual(stats.operations(), ['op'])
})

test('a message about long lists of bounds names the first that differs', () => {
  const many = Array.from({ length: 1_000 }, (_, index) => index)
  const stats = new ConnectorStats({ bounds: many })
  for (const [bounds, got] of [
    [many.with(500, 499.5), 'got [1000 numbers, at index 500: 499.5];'],
    [many.slice(1, 2), 'got 1;'],
    [many.slice(0, 999), 'got [999 numbers];'],
  ] as const) {
    assert.throws(
      () => stats.aggregate(new ConnectorStats({ bounds })),
      (error: Error) => error.message.includes(got) && error.message.length < 250,
    )
  }
})

test('rows past the limits on names are counted as other, and none is lost', () => {
  const stats = new ConnectorStats({ operationsMax: 2, statusesMax: 2 })
  for (const operation of ['a', 'b', 'c', 'd', 'other']) {
    for (const status of ['ok', 'x', 'y', 'z']) stats.recordOperation(operation, 1, 1, { status })
  }
  assert.deepEqual(stats.operations(), ['a', 'b', 'other'])
  assert.equal(stats.rows, 20)
  const rows = [...contentsOf(stats)].map(([name, { rows }]) => [name, rows])
  assert.deepEqual(Object.fromEntries(rows), {
    '["a","ok"]': 1,
    '["a","x"]': 1,
    '["a","other"]': 2,
    '["b","ok"]': 1,
    '["b","x"]': 1,
    '["b","other"]': 2,
    '["other","ok"]': 3,
    '["other","x"]': 3,
    '["other","other"]': 6,
  })
})

test('rows within the limit on durations have exact percentiles, also after merging', () => {
  const halves = [new ConnectorStats({ exactRowsMax: 4 }), new ConnectorStats({ exactRowsMax: 4 })]
  for (const [index, stats] of halves.entries()) {
    stats.recordOperation('op', 0.0101 + index, 1)
    stats.recordOperation('op', 0.0202 + index, 1)
  }
  const [stats, other] = halves
  stats.aggregate(other)
  assert.equal(stats.reduce().op_p90_ms, 1020.2)
  assert.deepEqual(stats.approximateOperations(), [])
  stats.aggregate(other)
  assert.deepEqual(stats.approximateOperations(), ['op'])
  assert.equal(stats.rows, 6)
})

test('an unknown option and one out of range are refused', () => {
  assert.throws(() => new ConnectorStats({ exactRows: 1 } as object), failure('INVALID_OPTION'))
  assert.throws(() => new ConnectorStats({ exactRowsMax: -1 }), failure('INVALID_OPTION'))
  assert.throws(() => new ConnectorStats({ operationsMax: 0 }), failure('INVALID_OPTION'))
  assert.throws(() => new ConnectorStats({ statusesMax: 1.5 }), failure('INVALID_OPTION'))
})
