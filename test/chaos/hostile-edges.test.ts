import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { failure } from '../support/failures.js'
import { reportBytes, seriesWithRows } from '../support/reports.js'
import { waitUntil } from '../support/wait-until.js'

/** A map of two operations, one row each, whose names are not UTF-8, each in another way. */
function namesThatAreNotUtf8(): Uint8Array {
  const field = (name: string) => [0xa0 | name.length, ...Buffer.from(name), 1]
  const rows = [0x91, 0x82, ...field('duration_seconds'), ...field('num_keys')]
  return Uint8Array.of(0x82, 0xa1, 0xff, ...rows, 0xa1, 0xfe, ...rows)
}

test('a report that is accepted counts, also where its life or its number is zero', async () => {
  for (const fields of [{ incarnation: 0 }, { sequence: 0 }]) {
    const aggregator = new EngineAggregator()
    const report = reportBytes({ ...fields, series: [seriesWithRows(5)] })
    const { accepted } = aggregator.ingest(report)
    // Lives and reports are numbered from 1, so to refuse it would be right too.
    assert.equal(aggregator.stats(0).rows, accepted ? 5 : 0, JSON.stringify(fields))
    await aggregator.close()
  }
})

test('no payload keeps an engine that connects later from reporting', async () => {
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

test('no two operations become one because their names are not UTF-8', async () => {
  const aggregator = new EngineAggregator()
  const result = aggregator.ingest(namesThatAreNotUtf8(), { engine: 0 })
  assert.equal(aggregator.stats(0).rows, result.accepted ? 2 : 0)
  await aggregator.close()
})

test('disconnect refuses a choice that it does not know', async () => {
  const aggregator = new EngineAggregator()
  const link = aggregator.connect(0)
  const misspelt = { series: 'dorp' as 'drop' }
  assert.throws(() => aggregator.disconnect(0, misspelt), failure('INVALID_OPTION'))
  await aggregator.close()
  link.port.close()
})

test('an engine whose series are dropped leaves no sample behind', async () => {
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
