import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import {
  EXTRA_COUNTER_METRICS,
  EXTRA_METRIC_NAMES,
  IN_FLIGHT_METRIC,
  SELF_METRICS,
  STORE_METRICS,
} from '../../src/catalogue.js'
import { EngineAggregator, MooncakeStoreConnectorStats } from '../../src/index.js'
import { EXTRAS } from '../../src/journal/journal-layout.js'
import { createRecorder } from '../../src/recorder/index.js'
import { contentsOf } from '../support/assertions/contents.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { failure } from '../support/assertions/failures.js'
import { journalOf } from '../support/assertions/journals.js'
import { undeclaredMetrics, undocumentedMetrics } from '../support/assertions/metric-rules.js'
import { startRecording } from '../support/engines/recording.js'
import { rows as anyRow } from '../support/generators/arbitraries.js'
import { waitUntil } from '../support/processes/wait-until.js'

const EXTRAS_ENGINE = new URL('../support/engines/extras-engine.js', import.meta.url)
const GUIDE = fileURLToPath(new URL('../../../src/recorder/README.md', import.meta.url))
const EXTRA_METRICS = [...Object.values(EXTRA_COUNTER_METRICS), IN_FLIGHT_METRIC]
const ALL = { extraMetrics: EXTRA_METRIC_NAMES } as const

/** The extra metrics of an exposition: name, operation, status, value. */
async function exposed({ registry }: EngineAggregator) {
  const names: readonly string[] = EXTRA_METRICS.map(({ name }) => name)
  return parseExposition(await registry.metrics())
    .filter(({ name }) => names.includes(name))
    .map(({ name, labels, value }) => [
      name.replace(/^vllm:mooncake_store_operations?_/, ''),
      labels.operation,
      labels.status,
      value,
    ])
}

/** The calls in flight of the only source. */
function inFlightOf(aggregator: EngineAggregator) {
  return aggregator.snapshot().sources[0]?.inFlight
}

function startWorker(context: TestContext, aggregator: EngineAggregator, hangs: boolean) {
  const link = aggregator.connect(0)
  const progress = new SharedArrayBuffer(8)
  const { transferList } = link
  const worker = new Worker(EXTRAS_ENGINE, {
    workerData: { link, hangs, progress },
    transferList,
  })
  context.after(async () => {
    await worker.terminate()
    await aggregator.close()
  })
  return { worker, written: new Float64Array(progress) }
}

test('bytes moved, keys found and calls in flight are in snapshot, stats and exposition', async () => {
  const recording = startRecording(ALL)
  const { recorder, aggregator } = recording
  const loadGet = recorder.operation('load_get')
  loadGet.begin()
  recorder.record('lookup_exists', 0.5, 4, { numHitKeys: 3 })
  recorder.record('load_get', 0.5, 3, { numBytes: 30, numTransferredBytes: 20 })
  loadGet.record(0.5, 3, 30)
  loadGet.record(0.5, 3, 31, 'partial_failure', 2)
  loadGet.record(0.5, 3, 30, 'error', 3)
  const series = aggregator.snapshot().sources[0].series
  assert.deepEqual(
    series.map(({ operation, status, numTransferredBytes, numHitKeys }) => [
      operation,
      status,
      numTransferredBytes,
      numHitKeys,
    ]),
    [
      ['load_get', 'ok', 50, 0],
      ['lookup_exists', 'ok', 0, 3],
      ['load_get', 'partial_failure', 10, 0],
      ['load_get', 'error', 0, 0],
    ],
  )
  const expected = [
    ['transferred_bytes_total', 'load_get', 'ok', 50],
    ['transferred_bytes_total', 'lookup_exists', 'ok', 0],
    ['transferred_bytes_total', 'load_get', 'partial_failure', 10],
    ['transferred_bytes_total', 'load_get', 'error', 0],
    ['hit_keys_total', 'load_get', 'ok', 0],
    ['hit_keys_total', 'lookup_exists', 'ok', 3],
    ['hit_keys_total', 'load_get', 'partial_failure', 0],
    ['hit_keys_total', 'load_get', 'error', 0],
    ['in_flight', 'load_get', undefined, 1],
    ['in_flight', 'lookup_exists', undefined, 0],
  ]
  assert.deepEqual(await exposed(aggregator), expected)
  const extras = aggregator.stats(0).operation('load_get')?.total().extraCounts
  assert.deepEqual(extras, { numTransferredBytes: 60, numHitKeys: 0 })
  assert.equal(aggregator.stats(0).reduce().load_get_total_bytes, 121)
  assert.equal(JSON.parse(JSON.stringify(aggregator.snapshot())).sources[0].inFlight.load_get, 1)
  const families = await aggregator.registry.getMetricsAsJSON()
  for (const { name } of EXTRA_METRICS) assert.ok(families.some((family) => family.name === name))
  await recording.close()
  assert.deepEqual(
    await exposed(aggregator),
    expected.with(8, ['in_flight', 'load_get', undefined, 0]),
  )
})

test('extra metrics are exposed as they are declared, and the guide lists them', async () => {
  const { recorder, aggregator, close } = startRecording(ALL)
  recorder.record('load_get', 0.5, 1)
  recorder.report()
  aggregator.noteRestart(0, 'error')
  await waitUntil('a report', () => aggregator.snapshot().sources[0].health.reports === 1)
  const declared = Object.values({ ...STORE_METRICS, ...SELF_METRICS })
  const text = await aggregator.registry.metrics()
  assert.deepEqual(undeclaredMetrics([...declared, ...EXTRA_METRICS], text), [])
  assert.deepEqual(undocumentedMetrics(EXTRA_METRICS, await readFile(GUIDE, 'utf8')), [])
  await close()
})

test('only the metrics of the option are exposed', async () => {
  const recording = startRecording({ extraMetrics: ['hit_keys'] })
  recording.recorder.record('lookup_exists', 0.5, 4, { numHitKeys: 3 })
  await recording.close()
  const [only, ...others] = await exposed(recording.aggregator)
  assert.deepEqual([only, others], [['hit_keys_total', 'lookup_exists', 'ok', 3], []])
})

test('without the option, extra metrics are neither counted nor exposed', async () => {
  const recording = startRecording()
  const { recorder, aggregator, link } = recording
  const handle = recorder.operation('op')
  handle.begin()
  recorder.record('op', 0.5, 1, { numBytes: 3, numTransferredBytes: 2, numHitKeys: 1 })
  recorder.record('op', 0.5, 1, { numHitKeys: 1 })
  handle.end()
  assert.deepEqual(link.extraMetrics, [])
  const measured = new EngineAggregator(ALL)
  const more = measured.connect(0)
  const blocks = journalOf(link).layout.blockCount
  assert.equal(more.journal.byteLength - link.journal.byteLength, blocks * EXTRAS.length * 8)
  const [source] = aggregator.snapshot().sources
  assert.equal(source.inFlight, undefined)
  assert.equal('numHitKeys' in source.series[0], false)
  assert.deepEqual(await exposed(aggregator), [])
  await measured.close()
  await recording.close()
})

test('the other counters of any rows are the same with and without extra metrics', async () => {
  const counts = fc.nat({ max: 1_000 })
  const measured = fc.record({ row: anyRow, numTransferredBytes: counts, numHitKeys: counts })
  await fc.assert(
    fc.asyncProperty(fc.array(measured, { maxLength: 600, size: 'max' }), async (all) => {
      const expected = new MooncakeStoreConnectorStats()
      const recording = startRecording({ ...ALL, seriesMax: 64 })
      const { recorder, aggregator } = recording
      let [bytes, keys] = [0, 0]
      for (const { row, ...extras } of all) {
        expected.recordOperation(row.operation, row.durationSeconds, row.numKeys, row)
        recorder.record(row.operation, row.durationSeconds, row.numKeys, { ...row, ...extras })
        bytes += extras.numTransferredBytes
        keys += extras.numHitKeys
      }
      const sums = () => aggregator.stats().total().total().extraCounts
      assert.deepEqual(contentsOf(aggregator.stats()), contentsOf(expected))
      assert.deepEqual(sums(), { numTransferredBytes: bytes, numHitKeys: keys })
      await recording.close()
      assert.deepEqual(contentsOf(aggregator.stats()), contentsOf(expected))
      assert.deepEqual(sums(), { numTransferredBytes: bytes, numHitKeys: keys })
    }),
    { seed: 41, numRuns: 20 },
  )
})

test('an invalid row throws and changes no counter', async () => {
  const recording = startRecording(ALL)
  const { recorder, aggregator } = recording
  const handle = recorder.operation('op')
  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, '1', 1n, 2 ** 65] as number[]) {
    const wrong = failure('INVALID_ROW')
    assert.throws(() => handle.record(value, 1), wrong)
    assert.throws(() => handle.record(1, value), wrong)
    assert.throws(() => handle.record(1, 1, value), wrong)
    assert.throws(() => handle.record(1, 1, 1, 'ok', value), wrong)
    assert.throws(() => recorder.record('op', 1, 1, { numTransferredBytes: value }), wrong)
    assert.throws(() => recorder.record('op', 1, 1, { numHitKeys: value }), wrong)
  }
  const misspelt = { numHitKey: 1 } as never
  assert.throws(() => recorder.record('op', 1, 1, misspelt), failure('INVALID_OPTION'))
  assert.equal(journalOf(recording.link).seriesCount, 0)
  recorder.record('op', 1, 1, { numTransferredBytes: 2 ** 64, numHitKeys: 0.9 })
  const [series] = aggregator.snapshot().sources[0].series
  assert.deepEqual([series.numTransferredBytes, series.numHitKeys], [2 ** 64, 0])
  await recording.close()
})

test('a thread that is terminated while it records leaves exact totals, and no calls in flight', async (context) => {
  // A silent engine must not be counted as ended.
  const aggregator = new EngineAggregator({ ...ALL, intervalMs: 5, silentAfterMs: 60_000 })
  const { worker, written } = startWorker(context, aggregator, false)
  await waitUntil('some rows', () => written[0] > 20_000)
  // Scrapes read the journal meanwhile.
  assert.equal((await exposed(aggregator)).length, 3)
  const live = aggregator.snapshot().sources[0].series[0]
  assert.equal(live.numTransferredBytes, 5 * live.rows)
  await worker.terminate()
  await waitUntil('the end', () => !aggregator.snapshot().sources[0].health.up)
  const { series, inFlight } = aggregator.snapshot().sources[0]
  const [{ rows, numTransferredBytes, numHitKeys }] = series
  assert.ok(rows >= written[0] && rows <= written[0] + 1, `${rows} of ${written[0]}`)
  assert.deepEqual([numTransferredBytes, numHitKeys], [5 * rows, 2 * rows])
  assert.deepEqual(inFlight, { load_get: 0 })
})

test('the call of a hanging thread is in flight until the thread is terminated', async (context) => {
  const aggregator = new EngineAggregator({ ...ALL, intervalMs: 20 })
  const { worker } = startWorker(context, aggregator, true)
  await once(worker, 'message')
  assert.deepEqual(inFlightOf(aggregator), { load_get: 1 })
  const scraped = await waitUntil('a scrape', async () => {
    const samples = await exposed(aggregator)
    return samples.length > 0 && samples
  })
  assert.deepEqual(scraped.at(-1), ['in_flight', 'load_get', undefined, 1])
  await worker.terminate()
  await waitUntil('the end', () => inFlightOf(aggregator)?.load_get === 0)
})

test('calls in flight of other processes are those of the newest report, and zero after a final report', async () => {
  const aggregator = new EngineAggregator(ALL)
  const sink = {
    send: (bytes: Uint8Array) => assert.deepEqual(aggregator.ingest(bytes), { accepted: true }),
  }
  let nowMs = 1_700_000_000_000
  const start = () => createRecorder({ engine: 0, sink, ...ALL, now: () => nowMs++ })
  const first = start()
  const handle = first.operation('load_get')
  for (let call = 0; call < 3; call++) handle.begin()
  first.record('load_get', 0.5, 1, { numBytes: 8, numHitKeys: 1 })
  first.report()
  assert.deepEqual(inFlightOf(aggregator), { load_get: 3 })
  handle.end()
  first.report()
  assert.deepEqual(inFlightOf(aggregator), { load_get: 2 })
  const second = start()
  second.operation('save_put').begin()
  second.report()
  assert.deepEqual(inFlightOf(aggregator), { load_get: 0, save_put: 1 })
  second.close()
  assert.deepEqual(inFlightOf(aggregator), { load_get: 0, save_put: 0 })
  const [{ numTransferredBytes, numHitKeys }] = aggregator.snapshot().sources[0].series
  assert.deepEqual([numTransferredBytes, numHitKeys], [8, 1])
  first.close()
  await aggregator.close()
})

test('calls in flight are never negative, also with surplus ends and after a disconnection', async () => {
  const recording = startRecording(ALL)
  const { recorder, aggregator } = recording
  const handle = recorder.operation('op')
  handle.end()
  handle.begin()
  handle.end()
  handle.end()
  assert.deepEqual(inFlightOf(aggregator), { op: 0 })
  handle.begin()
  aggregator.disconnect(0)
  handle.end()
  handle.begin()
  recorder.record('op', 0.5, 1, { numHitKeys: 1 })
  assert.equal(recorder.dropped, 1)
  assert.deepEqual(inFlightOf(aggregator), { op: 0 })
  recorder.close()
  handle.end()
  assert.throws(() => handle.begin(), failure('CLOSED'))
  await recording.close()
})

test('an interval has the rows counted in it, and the calls in flight at its end', async () => {
  const recording = startRecording(ALL)
  const { recorder, aggregator } = recording
  recorder.record('op', 0.5, 2, { numTransferredBytes: 5, numHitKeys: 1 })
  const earlier = aggregator.snapshot()
  recorder.record('op', 0.5, 2, { numTransferredBytes: 7, numHitKeys: 2 })
  recorder.operation('op').begin()
  const [{ series, inFlight }] = aggregator.snapshot().since(earlier).sources
  const [{ rows, numTransferredBytes, numHitKeys }] = series
  assert.deepEqual([rows, numTransferredBytes, numHitKeys], [1, 7, 2])
  assert.deepEqual(inFlight, { op: 1 })
  await recording.close()
})

test('an unknown name of a metric is rejected, also in a link', () => {
  for (const extraMetrics of ['hit_keys', ['hits'], [7], {}, null, [['hit_keys']]] as never[]) {
    const refused = failure('INVALID_OPTION')
    assert.throws(() => new EngineAggregator({ extraMetrics }), refused)
    assert.throws(() => createRecorder({ engine: 0, sink: { send() {} }, extraMetrics }), refused)
  }
})
