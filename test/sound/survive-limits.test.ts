import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { failure } from '../support/assertions/failures.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'
import { waitUntil } from '../support/processes/wait-until.js'

const OPERATIONS = 64
const STATUSES = 16
const ENGINES = 20
const SERIES_TOTAL_MAX = 2_000
const KNOWN = ['ok', 'partial_failure', 'error', 'other']

/**
 * Rows of as many operations and statuses as one engine may have, with different names per engine.
 */
function manyRows(engine: number): Uint8Array {
  const operations = Array.from({ length: OPERATIONS }, (_, operation) => {
    const rows = Array.from({ length: STATUSES }, (_, status) => {
      return { duration_seconds: 0.5, num_keys: 1, status: status === 0 ? 'error' : `s${status}` }
    })
    return [`op ${engine} ${operation}`, rows] as const
  })
  return pack(Object.fromEntries(operations))
}

async function seriesOf(aggregator: EngineAggregator) {
  const samples = parseExposition(await aggregator.registry.metrics())
  return samples.filter(({ name }) => name === 'vllm:mooncake_store_operation_total')
}

test('the series of all engines together are limited, and rows past the limit are counted as other', async () => {
  const aggregator = new EngineAggregator({ seriesTotalMax: SERIES_TOTAL_MAX })
  for (let engine = 0; engine < ENGINES; engine++) {
    for (let repeat = 0; repeat < 3; repeat++) {
      assert.ok(aggregator.ingest(manyRows(engine), { engine }).accepted)
    }
  }
  const series = await seriesOf(aggregator)
  assert.ok(series.length <= SERIES_TOTAL_MAX + KNOWN.length * ENGINES, `${series.length}`)
  const rows = series.reduce((sum, { value }) => sum + value, 0)
  assert.equal(rows, 3 * ENGINES * OPERATIONS * STATUSES)
  const last = series.filter(({ labels }) => labels.engine === String(ENGINES - 1))
  assert.deepEqual(
    last.map(({ labels, value }) => [labels.operation, labels.status, value]),
    [
      ['other', 'error', 3 * OPERATIONS],
      ['other', 'other', 3 * OPERATIONS * (STATUSES - 1)],
    ],
  )
  // A dropped engine frees its series for others, and its rows are removed.
  aggregator.disconnect(0, { series: 'drop' })
  assert.ok(
    aggregator.ingest(pack({ op: [{ duration_seconds: 1, num_keys: 1 }] }), { engine: 99 })
      .accepted,
  )
  const fresh = (await seriesOf(aggregator)).filter(({ labels }) => labels.engine === '99')
  assert.deepEqual(
    fresh.map(({ labels }) => labels.operation),
    ['op'],
  )
  await aggregator.close()
})

test('reports past the limit are kept as few series, and still only grow', async () => {
  const aggregator = new EngineAggregator({ seriesTotalMax: 10 })
  const wide = (rows: number, sequence: number, length = 500) => {
    const series = Array.from({ length }, (_, index) => seriesWithRows(rows, `op ${index}`))
    return reportBytes({ sequence, series })
  }
  assert.ok(aggregator.ingest(wide(1, 1)).accepted)
  assert.ok(aggregator.ingest(wide(3, 2, 600)).accepted)
  assert.equal(aggregator.stats(0).rows, 1_800)
  const fewer = aggregator.ingest(wide(2, 3, 600))
  assert.ok(!fewer.accepted && failure('INVALID_PAYLOAD', 'backwards')(fewer.error))
  const names = aggregator.snapshot().sources[0]?.series.map(({ operation }) => operation)
  assert.deepEqual(names, [...Array.from({ length: 10 }, (_, index) => `op ${index}`), 'other'])
  await aggregator.close()
})

test('reports past the limit count, whether one series or more of them have the name of others', async () => {
  const aggregator = new EngineAggregator({ seriesTotalMax: 1 })
  const operations = ['a', 'b', 'c', 'd']
  for (let sequence = 1; sequence <= operations.length; sequence++) {
    const series = operations.slice(0, sequence).map((operation) => seriesWithRows(1, operation))
    assert.deepEqual(aggregator.ingest(reportBytes({ sequence, series })), { accepted: true })
    assert.equal(aggregator.stats(0).rows, sequence)
  }
  const shown = aggregator.snapshot().sources[0]?.series.map((one) => [one.operation, one.rows])
  assert.deepEqual(shown, [
    ['a', 1],
    ['other', 3],
  ])
  await aggregator.close()
})

test('a journal with series past the limit is read to its last row', async () => {
  const aggregator = new EngineAggregator({ seriesTotalMax: 2, intervalMs: 60_000 })
  const recorder = createRecorder(aggregator.connect(0))
  for (const operation of ['a', 'b', 'c', 'd']) recorder.record(operation, 1, 1)
  recorder.report()
  await waitUntil('a report', () => aggregator.snapshot().sources[0]?.health.reports === 1)
  for (const operation of ['a', 'c', 'd', 'e']) recorder.record(operation, 1, 1)
  const rows = () =>
    aggregator.snapshot().sources[0]?.series.map((one) => [one.operation, one.rows])
  const expected = [
    ['a', 2],
    ['b', 1],
    ['other', 5],
  ]
  assert.deepEqual(rows(), expected)
  recorder.close()
  await aggregator.close()
  assert.deepEqual(rows(), expected)
})

test('a journal has blocks for known statuses, also after any number of other statuses', async () => {
  const aggregator = new EngineAggregator()
  const recorder = createRecorder(aggregator.connect(0))
  for (let status = 0; status < 40; status++) {
    for (const operation of ['load_get', 'save_put']) {
      recorder.record(operation, 1, 1, { status: `s${status}` })
    }
  }
  for (const status of KNOWN) recorder.record('load_get', 1, 1, { status })
  const stats = aggregator.stats(0)
  assert.equal(stats.reduce().load_get_error_count, 1)
  for (const status of KNOWN.slice(0, 3)) {
    assert.equal(stats.operation('load_get')?.series.get(status)?.rows, 1)
  }
  // The same applies to operations past the journal's limit.
  for (let operation = 0; operation < 40; operation++) {
    recorder.record(`op ${operation}`, 1, 1)
    recorder.record(`op ${operation}`, 1, 1, { status: 'error' })
  }
  const reduced = Object.entries(aggregator.stats(0).reduce())
  const errors = reduced.filter(([name]) => name.endsWith('_error_count'))
  assert.equal(
    errors.reduce((sum, [, count]) => sum + count, 0),
    41,
  )
  recorder.close()
  await aggregator.close()
})
