import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { SourceExemplars } from '../../src/aggregator/source-exemplars.js'
import { readShape } from '../../src/exposition/families/family-shape.js'
import { storeFamilies } from '../../src/exposition/families/store-families.js'
import { EngineAggregator } from '../../src/index.js'
import { ColumnLayout } from '../../src/snapshot/column-layout.js'
import { BinLayout, DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { makeExemplar } from '../../src/stats/exemplar.js'
import { exemplarsIn } from '../support/assertions/exemplars.js'
import { startRecording } from '../support/engines/recording.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'
import { waitUntil } from '../support/processes/wait-until.js'

const TRACED_ENGINE = new URL('../support/engines/traced-engine.js', import.meta.url)

/** The bytes of a report with one exemplar of half a second. */
function reportWith(incarnation: number, timestampSeconds: number, fields = {}) {
  const exemplar = makeExemplar(`incarnation ${incarnation}`, 0.5, timestampSeconds)
  return reportBytes({ incarnation, exemplars: [{ series: 0, exemplar }], ...fields })
}

function ingest(aggregator: EngineAggregator, bytes: Uint8Array): void {
  assert.deepEqual(aggregator.ingest(bytes), { accepted: true })
}

test('a report over a port brings exemplars to the snapshot, and reading a journal keeps them', async () => {
  const recording = startRecording()
  const { recorder, aggregator } = recording
  const handle = recorder.operation('load_get')
  handle.record(0.5, 1, 0, 'ok', 0, 'trace one')
  recorder.report()
  await waitUntil('a report', () => aggregator.snapshot().sources[0]?.health.reports === 1)
  handle.record(0.5, 1, 0, 'ok', 0, 'trace two')
  assert.equal(aggregator.snapshot().rows, 2)
  assert.deepEqual(exemplarsIn(aggregator.snapshot()), [[0, 'load_get', 'ok', 0.5, 'trace one']])
  recorder.close()
  await waitUntil('the last report', () => aggregator.snapshot().sources[0]?.health.reports === 2)
  assert.deepEqual(exemplarsIn(aggregator.snapshot()), [[0, 'load_get', 'ok', 0.5, 'trace two']])
  await recording.close()
})

test('a source keeps the newest exemplar of a bucket over its incarnations, in any order', async () => {
  for (const order of [
    [1, 2, 3],
    [3, 2, 1],
    [2, 3, 1],
  ]) {
    const aggregator = new EngineAggregator()
    for (const incarnation of order)
      ingest(aggregator, reportWith(incarnation, 1_000 * incarnation))
    const expected = [[0, 'load_get', 'ok', 0.5, 'incarnation 3']]
    assert.deepEqual(exemplarsIn(aggregator.snapshot()), expected)
    ingest(aggregator, reportBytes({ incarnation: 4 }))
    assert.deepEqual(exemplarsIn(aggregator.snapshot()), expected)
    await aggregator.close()
  }
})

test('a repeated report and a late one change no exemplar', async () => {
  const aggregator = new EngineAggregator()
  const late = reportWith(1, 5_000)
  ingest(aggregator, reportBytes({ sequence: 2, series: [seriesWithRows(2)] }))
  ingest(aggregator, late)
  ingest(aggregator, late)
  assert.deepEqual(exemplarsIn(aggregator.snapshot()), [])
  await aggregator.close()
})

test('an interval has the exemplars recorded in it, and earlier snapshots do not change', async () => {
  const aggregator = new EngineAggregator()
  ingest(aggregator, reportWith(1, 1_000))
  const first = aggregator.snapshot()
  const before = JSON.stringify(first)
  ingest(aggregator, reportWith(2, 999))
  assert.deepEqual(exemplarsIn(aggregator.snapshot().since(first)), [])
  ingest(aggregator, reportWith(3, 1_002))
  const second = aggregator.snapshot()
  assert.deepEqual(exemplarsIn(second.since(first)), [[0, 'load_get', 'ok', 0.5, 'incarnation 3']])
  assert.equal(JSON.stringify(first), before)
  const [{ exemplars }] = second.sources[0].series
  for (const part of [exemplars, exemplars[0], exemplars[0].labels])
    assert.ok(Object.isFrozen(part))
  await aggregator.close()
})

test('a dropped source that is added again has no exemplars', async () => {
  const aggregator = new EngineAggregator()
  ingest(aggregator, reportWith(1, 1_000))
  aggregator.disconnect(0, { series: 'drop' })
  ingest(aggregator, reportBytes({ incarnation: 2 }))
  assert.deepEqual(exemplarsIn(aggregator.snapshot()), [])
  await aggregator.close()
})

test('exemplars of series past a limit are those of other', async () => {
  const aggregator = new EngineAggregator({ seriesTotalMax: 1 })
  ingest(aggregator, reportWith(1, 1_000))
  ingest(aggregator, reportWith(1, 1_000, { engine: 1 }))
  assert.deepEqual(exemplarsIn(aggregator.snapshot()), [
    [0, 'load_get', 'ok', 0.5, 'incarnation 1'],
    [1, 'other', 'ok', 0.5, 'incarnation 1'],
  ])
  await aggregator.close()
})

test('all sources share a limit on exemplars; past it, existing ones are still replaced', () => {
  const budget = { left: 2 }
  const layout = new BinLayout([1])
  const [first, second] = [new SourceExemplars(layout, budget), new SourceExemplars(layout, budget)]
  const name = { operation: 'op', status: 'ok' }
  const add = (to: SourceExemplars, traceId: string, value: number, time: number) =>
    to.add([{ series: 0, exemplar: makeExemplar(traceId, value, time) }], () => name)
  const shown = (of: SourceExemplars) => of.latest.get(name)?.map((one) => one?.labels.trace_id)
  add(first, 'a', 0.5, 1)
  add(second, 'b', 0.5, 1)
  add(second, 'c', 2, 1)
  add(second, 'd', 0.5, 2)
  assert.deepEqual(
    [shown(first), shown(second)],
    [
      ['a', undefined],
      ['d', undefined],
    ],
  )
  first.release()
  assert.equal(budget.left, 1)
  add(second, 'e', 2, 1)
  assert.deepEqual(shown(second), ['d', 'e'])
})

test('after a thread was terminated, the exemplars of its last report and all of its rows remain', async (context) => {
  const aggregator = new EngineAggregator({ intervalMs: 60_000 })
  const link = aggregator.connect(0)
  const worker = new Worker(TRACED_ENGINE, {
    workerData: { link },
    transferList: [...link.transferList],
  })
  context.after(async () => {
    await worker.terminate()
    await aggregator.close()
  })
  await once(worker, 'message')
  await waitUntil('a report', () => aggregator.snapshot().sources[0]?.health.reports === 1)
  worker.postMessage('end')
  await once(worker, 'exit')
  await waitUntil(
    'the end',
    () => aggregator.snapshot().sources[0]?.health.up === false || undefined,
  )
  assert.equal(aggregator.stats(0).rows, 2)
  assert.deepEqual(exemplarsIn(aggregator.snapshot()), [[0, 'load_get', 'ok', 0.5, 'reported']])
})

test('a family has exemplars for buckets, and none for sum and count', async () => {
  const aggregator = new EngineAggregator()
  ingest(aggregator, reportWith(1, 1_000.5))
  const layout = new ColumnLayout(DEFAULT_LAYOUT)
  const [durations, operations] = storeFamilies(layout, {
    modelName: 'model',
    shape: readShape({}),
  })
  const [group] = durations.groups(aggregator.snapshot())
  const shapes = durations.shapesOf(group)
  const found = shapes.map(({ suffix, le }, shape) => [
    `${suffix} ${le ?? ''}`,
    durations.exemplarOf?.(group, 0, shape),
  ])
  const [exemplar, ...others] = found.filter(([, one]) => one !== undefined)
  assert.deepEqual(exemplar, [
    '_bucket 0.5',
    { labels: { trace_id: 'incarnation 1' }, value: 0.5, timestampSeconds: 1_000.5 },
  ])
  assert.deepEqual(others, [])
  assert.equal(operations.exemplarOf, undefined)
  await aggregator.close()
})
