import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import {
  EngineAggregator,
  KVConnectorLogging,
  MooncakeStoreConnectorStats,
} from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { failure } from '../support/assertions/failures.js'
import { durations } from '../support/generators/arbitraries.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

const packr = new Packr({ useRecords: false })

/** An aggregator with mocked timers, its log lines, and the approximate operations of each line. */
function newLogged(context: { after(done: () => void): void }) {
  mock.timers.enable({ apis: ['setInterval'] })
  const lines: string[] = []
  const approximate: (readonly string[])[] = []
  let announced: readonly string[] = []
  const aggregator = new EngineAggregator({
    intervalMs: 1_000_000,
    onApproximateP90: (operations) => {
      announced = operations
    },
    log: (line) => {
      lines.push(line)
      approximate.push(announced)
      announced = []
    },
  })
  context.after(() => {
    mock.timers.reset()
    void aggregator.close()
  })
  return { aggregator, lines, approximate }
}

/** The log line of these durations of one operation, made without an aggregator. */
function lineOf(values: readonly number[]): string {
  const lines: string[] = []
  const stats = new MooncakeStoreConnectorStats()
  for (const value of values) stats.recordOperation('op', value, 1)
  const logging = new KVConnectorLogging({ log: (line) => lines.push(line) })
  logging.observe(stats)
  logging.log()
  return lines[0]
}

test('the line has floats as Python prints them and integers bare', () => {
  const stats = new MooncakeStoreConnectorStats()
  stats.recordOperation('save_put', 0.02, 3, { numBytes: 2 ** 62, status: 'error' })
  stats.recordOperation('load_get', 0.0000625, 1, { numBytes: 2 ** 63 })
  stats.recordOperation('load_get', 0.0000625, 1, { numBytes: 2 ** 63, numFailedKeys: 1 })
  const lines: unknown[] = []
  const logging = new KVConnectorLogging({ log: (...line) => lines.push(line) })
  logging.log()
  logging.observe(stats)
  logging.log()
  logging.log()
  assert.deepEqual(lines, [
    [
      'KV Transfer metrics: load_get_count=2, load_get_avg_ms=0.062, load_get_p90_ms=0.062, ' +
        'load_get_total_keys=2, load_get_total_bytes=18446744073709551616, ' +
        'load_get_failed_keys=1, load_get_error_count=0, ' +
        'save_put_count=1, save_put_avg_ms=20.0, save_put_p90_ms=20.0, save_put_total_keys=3, ' +
        'save_put_total_bytes=4611686018427387904, save_put_failed_keys=0, save_put_error_count=1',
    ],
  ])
})

test('an operation whose name ends like a figure is printed like any other', () => {
  const lines: string[] = []
  const logging = new KVConnectorLogging({ log: (line) => lines.push(line) })
  const stats = new MooncakeStoreConnectorStats()
  stats.recordOperation('op_avg_ms', 2, 3)
  logging.observe(stats)
  logging.log()
  assert.match(lines[0], /: op_avg_ms_count=1, op_avg_ms_avg_ms=2000\.0, .*op_avg_ms_total_keys=3,/)
})

test('stats of other buckets are rejected within an interval, and accepted in the next', () => {
  const logging = new KVConnectorLogging({ log: () => {} })
  const other = new MooncakeStoreConnectorStats({ bounds: [1] })
  const stats = new MooncakeStoreConnectorStats()
  for (const each of [other, stats]) each.recordOperation('op', 1, 1)
  logging.observe(stats)
  assert.throws(() => logging.observe(other), failure('LAYOUT_MISMATCH'))
  logging.log()
  logging.observe(other)
  assert.throws(
    () => new KVConnectorLogging({ log: () => {}, ms: 1 } as never),
    failure('INVALID_OPTION'),
  )
})

test('each line has the rows since the last line, and an interval without rows has no line', (context) => {
  const { aggregator, lines } = newLogged(context)
  const recorder = createRecorder(aggregator.connect(0))
  const rounds = [[0.1, 0.2, 0.9], [], [0.05], [4, 3, 2, 1]]
  for (const round of rounds) {
    for (const value of round) recorder.record('op', value, 1)
    aggregator.stats()
    mock.timers.tick(9_999)
    const before = lines.length
    mock.timers.tick(1)
    assert.equal(lines.length - before, Math.sign(round.length))
  }
  assert.deepEqual(lines, rounds.filter(({ length }) => length > 0).map(lineOf))
  recorder.close()
})

test('averages and percentiles of an interval are exact after any earlier rows', (context) => {
  const { aggregator, lines, approximate } = newLogged(context)
  let engine = 0
  fc.assert(
    fc.property(
      fc.array(fc.array(durations, { minLength: 1, maxLength: 40 }), { maxLength: 4 }),
      (rounds) => {
        lines.length = 0
        const recorder = createRecorder(aggregator.connect(engine++ % 8))
        for (const round of rounds) {
          for (const value of round) recorder.record('op', value, 1)
          aggregator.stats()
          mock.timers.tick(10_000)
        }
        recorder.close()
        assert.deepEqual(lines, rounds.map(lineOf))
      },
    ),
    { seed: 60, numRuns: 60 },
  )
  assert.ok(approximate.every(({ length }) => length === 0))
})

test('an interval’s average does not lose bits that a carry moved up', (context) => {
  const { aggregator, lines } = newLogged(context)
  const recorder = createRecorder(aggregator.connect(0))
  const duration = 4 + 2 ** -19
  for (let round = 0; round < 4; round++) {
    recorder.record('op', duration, 1)
    aggregator.stats()
    mock.timers.tick(10_000)
  }
  assert.deepEqual(lines, new Array(4).fill(lineOf([duration])))
  recorder.close()
})

test('an interval of more rows than are kept is reported as approximate', (context) => {
  const { aggregator, lines, approximate } = newLogged(context)
  const recorder = createRecorder(aggregator.connect(0))
  for (const count of [2_000, 5_000, 2_000]) {
    for (let row = 0; row < count; row++) recorder.record('op', (row + 1) / 1_000, 1)
    aggregator.stats()
    mock.timers.tick(10_000)
  }
  assert.deepEqual(approximate, [[], ['op'], []])
  assert.ok(
    lines.every((line, index) => line.includes(`op_count=${[2_000, 5_000, 2_000][index]},`)),
  )
  assert.match(lines[2], /, op_p90_ms=1800\.0, /)
  const [, p90] = /op_p90_ms=(\d+\.\d+)/.exec(lines[1]) ?? []
  assert.ok(Math.abs(Number(p90) - 4_500) <= 0.016 * 4_500)
  recorder.close()
})

test('rows that were ingested are in the line of their interval, once', (context) => {
  const { aggregator, lines } = newLogged(context)
  aggregator.ingest(packr.pack({ op: [{ duration_seconds: 0.25, num_keys: 1 }] }), { engine: 1 })
  aggregator.ingest(reportBytes({ engine: 2, series: [seriesWithRows(3)] }))
  mock.timers.tick(10_000)
  aggregator.ingest(reportBytes({ engine: 2, sequence: 2, series: [seriesWithRows(5)] }))
  mock.timers.tick(20_000)
  const counts = lines.map((line) =>
    line.match(/\w+_count=\d+/g)?.filter((text) => !text.includes('error')),
  )
  assert.deepEqual(counts, [['load_get_count=3', 'op_count=1'], ['load_get_count=2']])
})

test('maximum counts can be logged', (context) => {
  const { aggregator, lines } = newLogged(context)
  const large = [2 ** 64, 2 ** 64].map((num_bytes) => ({
    duration_seconds: 2 ** 64,
    num_keys: 1,
    num_bytes,
  }))
  assert.ok(aggregator.ingest(packr.pack({ op: large }), { engine: 1 }).accepted)
  const series = { ...seriesWithRows(1), numKeys: 1.5, numBytes: 2 ** 100 }
  assert.ok(!aggregator.ingest(reportBytes({ engine: 2, series: [series] })).accepted)
  const recorder = createRecorder(aggregator.connect(3))
  for (let row = 0; row < 9; row++) {
    recorder.record('op', 2 ** 64, 2 ** 64, { numBytes: 2 ** 64, numFailedKeys: 2 ** 64 })
  }
  aggregator.stats()
  mock.timers.tick(10_000)
  assert.equal(lines.length, 1)
  assert.match(lines[0], /op_total_keys=166020696663385964544,/)
  recorder.close()
})
