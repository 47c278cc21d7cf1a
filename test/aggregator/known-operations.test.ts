import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { STORE_METRICS } from '../../src/catalogue.js'
import { FORMATS } from '../../src/exposition/formats.js'
import {
  type AggregatorOptions,
  EngineAggregator,
  MooncakeStoreConnectorStats,
  MooncakeStorePromMetrics,
} from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { renderRegistry } from '../../src/registry/render-registry.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { failure } from '../support/assertions/failures.js'
import { startRecording } from '../support/engines/recording.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

const STATUSES = ['ok', 'partial_failure', 'error']
const OPERATIONS = ['load_get', 'save_put']
const STORE = Object.values(STORE_METRICS)

/** The values of the store's samples by name, engine and series, for each way of scraping. */
async function scrapes(registry: Registry): Promise<Map<string, number>[]> {
  const json = await registry.getMetricsAsJSON()
  const samples = json.flatMap(({ name, values }) => {
    const all = values as { metricName?: string; labels: object; value: number }[]
    return all.map(({ metricName = name, labels, value }) => ({ name: metricName, labels, value }))
  })
  const texts = [await registry.metrics()]
  for (const format of [FORMATS.text, FORMATS.openmetrics]) {
    const { buffers } = await renderRegistry(registry, format)
    texts.push(Buffer.concat(buffers).toString())
  }
  return [samples, ...texts.map(parseExposition)].map((all) => {
    const own = all.filter(({ name }) => STORE.some((metric) => name.startsWith(metric.name)))
    return new Map(own.map(({ name, labels, value }) => [name + JSON.stringify(labels), value]))
  })
}

/** The rows of each series of each engine, in order. */
async function rowsOf(registry: Registry): Promise<string[]> {
  const samples = parseExposition(await registry.metrics())
  return samples
    .filter(({ name }) => name === STORE_METRICS.operations.name)
    .map(({ labels, value }) => `${labels.engine} ${labels.operation} ${labels.status} ${value}`)
}

const zeros = (engine: number | string) =>
  OPERATIONS.flatMap((operation) => STATUSES.map((status) => `${engine} ${operation} ${status} 0`))

test('every series of a declared operation is 0 in every format before it has rows', async () => {
  const { aggregator, recorder, close } = startRecording({ operations: OPERATIONS })
  const bounds = aggregator.snapshot().bounds.length
  for (const samples of await scrapes(aggregator.registry)) {
    const own = [...samples].filter(([name]) => !name.includes('_created'))
    // A histogram has its buckets, the bucket +Inf, sum and count; each of four counters has one
    // sample.
    assert.equal(own.length, OPERATIONS.length * STATUSES.length * (bounds + 3 + 4))
    assert.ok(own.every(([, value]) => value === 0))
  }
  recorder.record('other_op', 1, 1, { status: 'odd' })
  recorder.record('save_put', 1, 1, { status: 'error' })
  recorder.report()
  const expected = [...zeros(0), '0 other_op odd 1']
  expected[expected.indexOf('0 save_put error 0')] = '0 save_put error 1'
  aggregator.snapshot()
  assert.deepEqual(await rowsOf(aggregator.registry), expected)
  const [json, ...texts] = await scrapes(aggregator.registry)
  const values = (samples: Map<string, number>) =>
    [...samples].flatMap(([name, value]) => (name.includes('_created') ? [] : [value]))
  for (const text of texts) assert.deepEqual(values(text), values(json))
  await close()
})

test('engines of other processes, or with ingested rows, start with the same series', async () => {
  const aggregator = new EngineAggregator({ operations: OPERATIONS })
  aggregator.ingest(reportBytes({ engine: 1, series: [] }))
  aggregator.ingest(reportBytes({ engine: 2, series: [seriesWithRows(3, 'load_get')] }))
  aggregator.ingest(new MooncakeStoreConnectorStats().toPayload(), { engine: 3 })
  const { registry } = aggregator
  const second = zeros(2).with(0, '2 load_get ok 3')
  assert.deepEqual(await rowsOf(registry), [...zeros(1), ...second, ...zeros(3)])
  // An engine that was dropped starts from zero.
  aggregator.disconnect(2, { series: 'drop' })
  aggregator.ingest(reportBytes({ engine: 2, incarnation: 2, series: [] }))
  assert.deepEqual(await rowsOf(registry), [...zeros(1), ...zeros(2), ...zeros(3)])
  // Later incarnations add to the same series.
  const series = [seriesWithRows(2, 'save_put'), seriesWithRows(1, 'new')]
  aggregator.ingest(reportBytes({ engine: 1, incarnation: 2, series }))
  aggregator.ingest(reportBytes({ engine: 1, incarnation: 3, series }))
  const first = [...zeros(1).with(3, '1 save_put ok 4'), '1 new ok 2']
  assert.deepEqual((await rowsOf(registry)).slice(0, first.length), first)
  await aggregator.close()
})

test('series of observed stats start with the first observation of an engine, which may be empty', async () => {
  const registry = new Registry()
  const metrics = new MooncakeStorePromMetrics({
    registry,
    modelName: 'm',
    operations: OPERATIONS,
  })
  const stats = new MooncakeStoreConnectorStats()
  metrics.observe(stats, 4)
  assert.deepEqual(await rowsOf(registry), zeros(4))
  stats.recordOperation('load_get', 1, 1)
  metrics.observe(stats, 4)
  assert.deepEqual(await rowsOf(registry), zeros(4).with(0, '4 load_get ok 1'))
})

test('declared operations reserve series in a journal that others cannot use', async () => {
  const lines: string[] = []
  const recordAll = (recorder: ReturnType<typeof createRecorder>) => {
    for (let index = 0; index < 20; index++) recorder.record(`unknown ${index}`, 1, 1)
    for (const operation of OPERATIONS) {
      for (const status of STATUSES) recorder.record(operation, 1, 1, { status })
    }
    recorder.close()
  }
  const aggregator = new EngineAggregator({ seriesMax: 7, operations: OPERATIONS })
  recordAll(createRecorder(aggregator.connect(0)))
  const sink = {
    isReady: () => true,
    send: (bytes: Uint8Array) => {
      lines.push(String(aggregator.ingest(bytes).accepted))
      return true
    },
    close: () => {},
  }
  const options = { engine: 1, sink, seriesMax: 7, operations: OPERATIONS }
  recordAll(createRecorder(options))
  const expected = [0, 1].flatMap((engine) => [
    ...zeros(engine).map((line) => line.replace(/0$/, '1')),
    `${engine} other ok 20`,
  ])
  aggregator.snapshot()
  assert.deepEqual(await rowsOf(aggregator.registry), expected)
  assert.deepEqual(lines, ['true'])
  await aggregator.close()
})

test('series without rows are in snapshots, and in no stats, interval or log line', async () => {
  const lines: string[] = []
  const log = (line: string) => lines.push(line)
  const { aggregator, recorder, close } = startRecording({ operations: OPERATIONS, log })
  const earlier = aggregator.snapshot()
  const [source] = earlier.sources
  assert.deepEqual(
    source.series.map(({ operation, status, rows }) => `0 ${operation} ${status} ${rows}`),
    zeros(0),
  )
  assert.equal(source.series[0]?.quantile(0.5), undefined)
  assert.ok(aggregator.stats(0).isEmpty())
  recorder.record('save_put', 1, 1)
  const [interval] = aggregator.snapshot().since(earlier).sources
  assert.deepEqual(
    interval.series.map(({ operation, rows }) => [operation, rows]),
    [['save_put', 1]],
  )
  assert.deepEqual(aggregator.stats().operations(), ['save_put'])
  await close()
  assert.equal(lines.length, 1)
  assert.doesNotMatch(lines[0] ?? '', /load_get/)
})

test('operations that are not names, occur twice or exceed the limit are rejected at the start', () => {
  const fitting = Array.from({ length: 10 }, (_, index) => `op ${index}`)
  const wrong: readonly (readonly [AggregatorOptions, RegExp])[] = [
    [{ operations: 'load_get' as never }, /an array of names, got "load_get"$/],
    [{ operations: [5] as never }, /names of 1 to 255 bytes, got 5$/],
    [{ operations: [''] }, /got ""$/],
    [{ operations: new Array(2) }, /got undefined$/],
    [{ operations: ['é'.repeat(128)] }, /names of 1 to 255 bytes/],
    [{ operations: ['\ud800'] }, /names of 1 to 255 bytes/],
    [{ operations: ['a', 'a'] }, /each name once, got "a"$/],
    [
      { operations: [...fitting, 'one'] },
      /at most 10, .*3 series each \(seriesMax is 32\), got 11$/,
    ],
    [{ operations: ['a'], seriesMax: 3 }, /at most 0, /],
    [{ operations: ['a', 'b'], seriesTotalMax: 6 }, /at most 1, .*\(seriesTotalMax is 6\), got 2$/],
  ]
  for (const [options, message] of wrong) {
    const check = (error: Error) => {
      assert.match(error.message, message)
      return failure('INVALID_OPTION')(error)
    }
    assert.throws(() => new EngineAggregator(options), check)
    if (options.seriesTotalMax !== undefined) continue
    const sink = { isReady: () => true, send: () => true }
    const recorder = () => createRecorder({ engine: 0, sink, ...options } as never)
    assert.throws(recorder, check)
  }
  const operations = Array.from({ length: 342 }, (_, index) => `op ${index}`)
  const options = { registry: new Registry(), modelName: 'm', operations }
  assert.throws(() => new MooncakeStorePromMetrics(options), failure('INVALID_OPTION'))
  new EngineAggregator({ operations: fitting })
})
