import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { EngineAggregator } from '../../src/index.js'
import { incarnationNumber } from '../../src/recorder/incarnation-number.js'
import { createRecorder, type ReportSink } from '../../src/recorder/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { failure } from '../support/assertions/failures.js'
import { permutations } from '../support/engines/captured-incarnation.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

/** The reports of one incarnation of another process: one after each of its rows. */
async function reportsOf(rows: number, options: { instance?: string; engine?: number } = {}) {
  const reports: Uint8Array[] = []
  const sink: ReportSink = { send: (bytes) => void reports.push(bytes) }
  const recorder = createRecorder({ engine: 0, ...options, sink })
  for (let row = 0; row < rows; row++) {
    recorder.record('load_get', 0.5, 1)
    recorder.report()
  }
  recorder.close()
  // The next incarnation starts at another time.
  await sleep(2)
  return reports
}

test('50 records, restart, 40 records, restart, 60 records are 150, for any order of arrival', async () => {
  const incarnations = [await reportsOf(50), await reportsOf(40), await reportsOf(60)]
  for (const order of permutations(incarnations.flatMap((reports) => reports.slice(-2)))) {
    const aggregator = new EngineAggregator()
    for (const report of order) assert.deepEqual(aggregator.ingest(report), { accepted: true })
    assert.equal(aggregator.stats(0).rows, 150)
    await aggregator.close()
  }
})

test('all reports of 30 incarnations add up in random orders, each of them several times', async () => {
  const incarnations = await Promise.all(Array.from({ length: 30 }, (_, index) => reportsOf(index)))
  const all = incarnations.flat()
  const expected = (30 * 29) / 2
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(all, { minLength: all.length }), async (order) => {
      const aggregator = new EngineAggregator()
      let before = 0
      for (const report of [...order, ...order.slice(0, 50)]) {
        assert.ok(aggregator.ingest(report).accepted)
        const { rows } = aggregator.snapshot()
        assert.ok(rows >= before && rows <= expected)
        before = rows
      }
      assert.equal(before, expected)
      await aggregator.close()
    }),
    { seed: 61, numRuns: 5 },
  )
})

test('a thousand incarnations without a final report are kept apart', async () => {
  const aggregator = new EngineAggregator()
  const reports = Array.from({ length: 1_000 }, (_, index) =>
    reportBytes({ incarnation: 1 + ((index * 617) % 1_000), series: [seriesWithRows(2)] }),
  )
  for (const report of [...reports, ...reports]) assert.ok(aggregator.ingest(report).accepted)
  assert.equal(aggregator.stats(0).rows, 2_000)
  await aggregator.close()
})

test('reports of incarnations that can no longer change are rejected, and change nothing', async () => {
  const aggregator = new EngineAggregator()
  const series = Array.from({ length: 1_000 }, (_, index) => {
    return seriesWithRows(1, `op ${index % 63}`, `status ${Math.floor(index / 63)}`)
  })
  for (let incarnation = 1; incarnation <= 40; incarnation++) {
    assert.ok(aggregator.ingest(reportBytes({ incarnation, series })).accepted)
  }
  const { rows } = aggregator.snapshot()
  assert.equal(rows, 40_000)
  const late = aggregator.ingest(reportBytes({ incarnation: 1, sequence: 2, series }))
  assert.ok(!late.accepted && failure('INVALID_PAYLOAD', 'incarnation')(late.error))
  assert.equal(aggregator.snapshot().rows, rows)
  await aggregator.close()
})

test('the instance is a label if it is set, and distinguishes engines with the same index', async () => {
  const aggregator = new EngineAggregator()
  const groups = [await reportsOf(1), await reportsOf(2, { instance: 'host-b' })]
  groups.push(await reportsOf(3, { instance: 'host "a"' }))
  for (const report of groups.flat()) assert.ok(aggregator.ingest(report).accepted)
  const samples = parseExposition(await aggregator.registry.metrics())
  const shown = samples
    .filter(({ name }) => name === 'vllm:mooncake_store_operation_total')
    .map(({ labels, value }) => [Object.keys(labels).join(), labels.instance, value])
  assert.deepEqual(shown, [
    ['model_name,engine,operation,status', undefined, 1],
    ['model_name,engine,instance,operation,status', 'host "a"', 3],
    ['model_name,engine,instance,operation,status', 'host-b', 2],
  ])
  const up = samples.filter(({ name }) => name === 'moonmeter_engine_up')
  assert.deepEqual(
    up.map(({ labels }) => labels),
    [{ engine: '0' }, { engine: '0', instance: 'host "a"' }, { engine: '0', instance: 'host-b' }],
  )
  assert.deepEqual(aggregator.engines, [0])
  assert.equal(aggregator.stats(0).rows, 6)
  assert.deepEqual(
    aggregator.snapshot().sources.map(({ instance }) => instance),
    [undefined, 'host "a"', 'host-b'],
  )
  aggregator.disconnect(0, { series: 'drop', instance: 'host-b' })
  assert.equal(aggregator.stats(0).rows, 4)
  await aggregator.close()
})

test('rows can be ingested for an instance', async () => {
  const aggregator = new EngineAggregator()
  const rows = Buffer.from(
    '81a26f709182b06475726174696f6e5f7365636f6e647301a86e756d5f6b65797301',
    'hex',
  )
  assert.ok(aggregator.ingest(rows, { engine: 4, instance: 'a' }).accepted)
  assert.equal(aggregator.snapshot().sources[0]?.instance, 'a')
  for (const instance of ['', 'x'.repeat(256), 5, '\ud800']) {
    const ingest = () => aggregator.ingest(rows, { engine: 4, instance: instance as string })
    assert.throws(ingest, failure('INVALID_OPTION'))
  }
  const [report] = await reportsOf(0, { instance: 'b' })
  const result = aggregator.ingest(report ?? rows, { instance: 'a' })
  assert.ok(!result.accepted && failure('INVALID_PAYLOAD', 'engine')(result.error))
  await aggregator.close()
})

test('a report of an engine that is connected in this process is rejected with a reason', async () => {
  const aggregator = new EngineAggregator()
  const reports = await reportsOf(5)
  const recorder = createRecorder(aggregator.connect(0))
  recorder.record('load_get', 0.5, 1)
  for (const report of reports) {
    const result = aggregator.ingest(report)
    assert.ok(!result.accepted && failure('INVALID_PAYLOAD', 'local')(result.error))
  }
  assert.equal(aggregator.stats(0).rows, 1)
  // An engine of another instance is another source.
  for (const report of await reportsOf(7, { instance: 'b' })) {
    assert.ok(aggregator.ingest(report).accepted)
  }
  assert.equal(aggregator.stats(0).rows, 8)
  recorder.close()
  await aggregator.close()
})

test('a late final report of an old incarnation does not make the running one down', async () => {
  const aggregator = new EngineAggregator()
  const health = () => aggregator.snapshot().sources[0]?.health
  aggregator.ingest(reportBytes({ incarnation: 1 }))
  aggregator.ingest(reportBytes({ incarnation: 2 }))
  aggregator.ingest(reportBytes({ incarnation: 1, sequence: 2, final: true }))
  assert.equal(health()?.up, true)
  assert.equal(health()?.incarnation, 2)
  assert.equal(health()?.reports, 3)
  // A duplicate is no report.
  aggregator.ingest(reportBytes({ incarnation: 1, sequence: 2, final: true }))
  assert.equal(health()?.reports, 3)
  aggregator.ingest(reportBytes({ incarnation: 2, sequence: 2, final: true }))
  assert.equal(health()?.up, false)
  await aggregator.close()
})

test('incarnations are unique and ordered by their start, without coordination', () => {
  const start = Date.UTC(2026, 10, 25)
  const numbers = Array.from({ length: 1_000 }, (_, ms) => incarnationNumber(start + ms))
  assert.deepEqual(
    numbers,
    numbers.toSorted((left, right) => left - right),
  )
  assert.equal(new Set(numbers).size, numbers.length)
  const sameMs = new Set(Array.from({ length: 50 }, () => incarnationNumber(start)))
  assert.equal(sameMs.size, 50)
  for (const ms of [Number.NEGATIVE_INFINITY, 0, start, 1e15]) {
    const number = incarnationNumber(ms)
    assert.ok(Number.isSafeInteger(number) && number > 2 ** 11, `${number}`)
  }
})
