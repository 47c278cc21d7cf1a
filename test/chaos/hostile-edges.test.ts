import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineAggregator, type MoonmeterError } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { failure } from '../support/assertions/failures.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'
import { waitUntil } from '../support/processes/wait-until.js'

/** A map of two operations with one row each, whose names are invalid UTF-8 in different ways. */
function namesThatAreNotUtf8(): Uint8Array {
  const field = (name: string) => [0xa0 | name.length, ...Buffer.from(name), 1]
  const rows = [0x91, 0x82, ...field('duration_seconds'), ...field('num_keys')]
  return Uint8Array.of(0x82, 0xa1, 0xff, ...rows, 0xa1, 0xfe, ...rows)
}

test('incarnations and reports are numbered from 1: a report with a zero is rejected', async () => {
  for (const fields of [{ incarnation: 0 }, { sequence: 0 }]) {
    const aggregator = new EngineAggregator()
    const report = reportBytes({ ...fields, series: [seriesWithRows(5)] })
    const result = aggregator.ingest(report)
    assert.ok(!result.accepted && result.error.reason === 'range', JSON.stringify(fields))
    assert.equal(aggregator.stats(0).rows, 0)
    await aggregator.close()
  }
})

test('no payload prevents the reports of an engine that connects later', async () => {
  const aggregator = new EngineAggregator({ intervalMs: 5 })
  aggregator.ingest(reportBytes({ incarnation: 2 ** 48 }))
  const recorder = createRecorder(aggregator.connect(0))
  recorder.record('load_get', 0.5, 1)
  await waitUntil('reports', async () => {
    const text = await aggregator.registry.metrics()
    assert.ok(
      !/^moonmeter_payloads_rejected_total\{reason="range"\} [1-9]/m.test(text),
      'a report of the engine was refused',
    )
    return /^moonmeter_engine_reports_total\{engine="0"\} ([3-9]|\d\d)/m.test(text)
  })
  recorder.close()
  await aggregator.close()
})

test('names that are not UTF-8 are rejected, since two of them might be equal after decoding', async () => {
  const aggregator = new EngineAggregator()
  const result = aggregator.ingest(namesThatAreNotUtf8(), { engine: 0 })
  assert.ok(!result.accepted && result.error.reason === 'malformed')
  assert.equal(aggregator.stats(0).rows, 0)
  await aggregator.close()
})

test('disconnect rejects an unknown value of series', async () => {
  const aggregator = new EngineAggregator()
  const link = aggregator.connect(0)
  const misspelt = { series: 'dorp' as 'drop' }
  assert.throws(() => aggregator.disconnect(0, misspelt), failure('INVALID_OPTION'))
  await aggregator.close()
  link.port.close()
})

test('an engine whose series are dropped has no samples', async () => {
  const aggregator = new EngineAggregator()
  const link = aggregator.connect(0)
  aggregator.noteRestart(0, 'exit')
  aggregator.disconnect(0, { series: 'drop' })
  const lines = (await aggregator.registry.metrics()).split('\n')
  assert.deepEqual(
    lines.filter((line) => line.includes('engine="0"')),
    [],
  )
  await aggregator.close()
  link.port.close()
})

test('a payload in shared memory is read like any other, names that are not ASCII included', async () => {
  const aggregator = new EngineAggregator()
  const bytes = pack({ é: [{ duration_seconds: 1, num_keys: 1 }] })
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
  shared.set(bytes)
  assert.ok(aggregator.ingest(shared, { engine: 0 }).accepted)
  assert.deepEqual(aggregator.stats(0).operations(), ['é'])
  await aggregator.close()
})

test('the first report of an old incarnation counts after reports of newer ones', async () => {
  const aggregator = new EngineAggregator()
  for (const incarnation of [2, 3, 4, 5, 1]) {
    const series = [seriesWithRows(10 ** incarnation)]
    assert.ok(aggregator.ingest(reportBytes({ incarnation, series })).accepted)
  }
  assert.equal(aggregator.stats(0).rows, 111_110)
  await aggregator.close()
})

test('counters of a report without rows remain after its incarnation was added to the finished sum', async () => {
  const aggregator = new EngineAggregator()
  const keys = async () => {
    const samples = parseExposition(await aggregator.registry.metrics())
    return samples.find(({ name }) => name.endsWith('operation_keys_total'))?.value
  }
  for (let incarnation = 1; incarnation <= 9; incarnation++) {
    const series = [{ ...seriesWithRows(0), numKeys: 1_000 }]
    assert.ok(aggregator.ingest(reportBytes({ incarnation, series })).accepted)
    assert.equal(await keys(), 1_000 * incarnation)
  }
  await aggregator.close()
})

test('a sum of durations that no rows can have is rejected', async () => {
  const aggregator = new EngineAggregator()
  const series = [{ ...seriesWithRows(1), durationSum: 1n << 224n }]
  const { error } = aggregator.ingest(reportBytes({ series })) as { error: MoonmeterError }
  assert.equal(error.reason, 'range')
  await aggregator.close()
})

test('operations without rows take no memory and do not count towards limits', async () => {
  const aggregator = new EngineAggregator()
  const named = Array.from({ length: 70 }, (_, index) => [`e${index}`, []] as const)
  assert.ok(aggregator.ingest(pack(Object.fromEntries(named)), { engine: 0 }).accepted)
  const rows = { load_get: [{ duration_seconds: 1, num_keys: 1 }] }
  assert.ok(aggregator.ingest(pack(rows), { engine: 0 }).accepted)
  assert.deepEqual(aggregator.stats(0).operations(), ['load_get'])
  await aggregator.close()
})

test('stats and the exposition have the same names, up to the limit', async () => {
  const aggregator = new EngineAggregator()
  const row = [{ duration_seconds: 1, num_keys: 1 }]
  for (let index = 69; index >= 0; index--) {
    assert.ok(aggregator.ingest(pack({ [`op${index}`]: row }), { engine: 0 }).accepted)
  }
  const samples = parseExposition(await aggregator.registry.metrics())
  const shown = samples
    .filter(({ name }) => name === 'vllm:mooncake_store_operation_total')
    .map(({ labels }) => labels.operation)
  assert.deepEqual([...aggregator.stats(0).operations()].sort(), [...shown].sort())
  assert.ok(shown.includes('other') && shown.length === 65)
  await aggregator.close()
})
