import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineAggregator, MooncakeStoreConnectorStats } from '../../src/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

const KNOWN = ['ok', 'partial_failure', 'error']
const STATUSES_MAX = 16
const OPERATIONS_MAX = 64
const numbered = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

/** Rows of each operation and status that an aggregator exposes. */
async function exposed(aggregator: EngineAggregator): Promise<Map<string, number>> {
  const samples = parseExposition(await aggregator.registry.metrics())
  return new Map(
    samples
      .filter(({ name }) => name === 'vllm:mooncake_store_operation_total')
      .map(({ labels, value }) => [`${labels.operation} ${labels.status}`, value]),
  )
}

test('an error row is an error in stats, though the statuses are past their limit', () => {
  const stats = new MooncakeStoreConnectorStats()
  for (const status of numbered('s', STATUSES_MAX + 1)) {
    stats.recordOperation('save_put', 1, 1, { status })
  }
  for (const status of KNOWN) stats.recordOperation('save_put', 1, 1, { status })
  assert.equal(stats.reduce().save_put_error_count, 1)
  const statuses = [...stats.series()].map(({ status }) => status)
  assert.deepEqual(statuses, [...numbered('s', STATUSES_MAX), 'other', ...KNOWN])
})

test('an error row of an operation past the limit is an error of other', () => {
  const stats = new MooncakeStoreConnectorStats()
  for (const name of numbered('op', OPERATIONS_MAX)) stats.recordOperation(name, 1, 1)
  for (const status of numbered('s', STATUSES_MAX + 1)) {
    stats.recordOperation('late', 1, 1, { status })
  }
  stats.recordOperation('late', 1, 1, { status: 'error' })
  assert.equal(stats.reduce().other_error_count, 1)
  const copy = MooncakeStoreConnectorStats.fromPayload(stats.toPayload())
  assert.equal(copy.reduce().other_error_count, 1)
})

test('an error in the report of an engine with many statuses is exposed as an error', async () => {
  const aggregator = new EngineAggregator()
  const statuses = [...numbered('s', STATUSES_MAX + 4), ...KNOWN]
  const series = statuses.map((status) => seriesWithRows(1, 'save_put', status))
  assert.ok(aggregator.ingest(reportBytes({ series })).accepted)
  const shown = await exposed(aggregator)
  for (const status of KNOWN) assert.equal(shown.get(`save_put ${status}`), 1, status)
  assert.equal(shown.get('save_put other'), 4)
  assert.equal(aggregator.stats(0).reduce().save_put_error_count, 1)
  await aggregator.close()
})

test('an error in rows is exposed as an error, though other statuses and operations came first', async () => {
  const aggregator = new EngineAggregator()
  const row = (status: string) => ({ duration_seconds: 1, num_keys: 1, status })
  for (const name of numbered('op', OPERATIONS_MAX)) {
    assert.ok(aggregator.ingest(pack({ [name]: [row('ok')] }), { engine: 0 }).accepted)
  }
  for (const status of [...numbered('s', STATUSES_MAX + 1), 'error']) {
    for (const name of ['op0', 'late']) {
      assert.ok(aggregator.ingest(pack({ [name]: [row(status)] }), { engine: 0 }).accepted)
    }
  }
  const shown = await exposed(aggregator)
  assert.equal(shown.get('op0 error'), 1)
  assert.equal(shown.get('other error'), 1)
  const { op0_error_count, other_error_count } = aggregator.stats(0).reduce()
  assert.deepEqual([op0_error_count, other_error_count], [1, 1])
  await aggregator.close()
})
