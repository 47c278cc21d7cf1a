import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Packr, Unpackr } from 'msgpackr'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { contentsOf } from '../support/assertions/contents.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { failure } from '../support/assertions/failures.js'
import { memoryInUse } from '../support/assertions/memory.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'
import { waitUntil } from '../support/processes/wait-until.js'

const ROWS = { load_get: [{ duration_seconds: 0.5, num_keys: 3 }] }
const packr = new Packr({ useRecords: false })

/** The values of a family by engine. */
async function exposed(aggregator: EngineAggregator, family: string): Promise<[string, number][]> {
  return parseExposition(await aggregator.registry.metrics())
    .filter(({ name }) => name === family)
    .map(({ labels, value }) => [labels.engine ?? '', value])
}

test('an engine index that is not a non-negative integer is rejected everywhere', async () => {
  const aggregator = new EngineAggregator()
  for (const engine of [-1, 1.5, Number.NaN, '3', 2 ** 53, null, true, 1n] as never[]) {
    const what = String(engine)
    assert.throws(() => aggregator.connect(engine), failure('INVALID_ENGINE'), what)
    assert.throws(() => aggregator.stats(engine), failure('INVALID_ENGINE'), what)
    const ingest = () => aggregator.ingest(packr.pack(ROWS), { engine })
    assert.throws(ingest, failure('INVALID_ENGINE'), what)
  }
  assert.throws(() => aggregator.connect(undefined as never), failure('INVALID_ENGINE'))
  assert.deepEqual(aggregator.engines, [])
  await aggregator.close()
})

test('unknown options and those out of range or of a wrong type are refused', () => {
  const wrong: readonly object[] = [
    { interval: 1 },
    { intervalMs: 0 },
    { intervalMs: '5' },
    { logIntervalMs: 2 ** 31 },
    { payloadBytesMax: 1.5 },
    { enginesMax: 0 },
    { seriesMax: 1 },
    { silentAfterMs: Number.NaN },
    { bounds: [2, 1] },
    { modelName: 5 },
    { log: 'stdout' },
    { onRejected: true },
    { now: 0 },
  ]
  for (const options of wrong) {
    const make = () => new EngineAggregator(options)
    assert.throws(make, failure('INVALID_OPTION'), JSON.stringify(options))
  }
})

test('rows in each of the three shapes are counted, and new engines are added', async () => {
  const aggregator = new EngineAggregator()
  const shapes = [
    ROWS,
    { MooncakeStoreConnector: { data: ROWS }, Other: 3 },
    { Other: { data: {} }, MooncakeStoreConnector: ROWS },
  ]
  for (const [index, shape] of shapes.entries()) {
    const result = aggregator.ingest(packr.pack(shape), { engine: 10 - index })
    assert.deepEqual(result, { accepted: true })
  }
  assert.deepEqual(aggregator.ingest(reportBytes({ engine: 2 })), { accepted: true })
  assert.deepEqual(aggregator.engines, [2, 8, 9, 10])
  const totals = await exposed(aggregator, 'vllm:mooncake_store_operation_keys_total')
  assert.deepEqual(totals, [
    ['2', 1],
    ['8', 3],
    ['9', 3],
    ['10', 3],
  ])
  await aggregator.close()
})

test('the stats of a live engine are current to the last row, reports or not', async () => {
  const aggregator = new EngineAggregator({ intervalMs: 3_600_000 })
  const recorder = createRecorder(aggregator.connect(3))
  for (let row = 1; row <= 3_000; row++) {
    recorder.record('op', row / 1000, 1)
    if (row % 97 === 0) assert.equal(aggregator.stats(3).rows, row)
  }
  assert.equal(aggregator.stats().rows, 3_000)
  assert.deepEqual(aggregator.stats().quantile('op', 1)?.exact, false)
  assert.equal(aggregator.stats(4).isEmpty(), true)
  assert.deepEqual(aggregator.engines, [3])
  recorder.close()
  await aggregator.close()
})

test('answers are new objects: changing them changes nothing', async () => {
  const aggregator = new EngineAggregator()
  aggregator.ingest(packr.pack(ROWS), { engine: 1 })
  aggregator.stats(1).recordOperation('load_get', 1, 1)
  aggregator.stats().reset()
  aggregator.engines.push(7)
  assert.equal(aggregator.stats().rows, 1)
  assert.deepEqual(aggregator.engines, [1])
  await aggregator.close()
})

test('an engine with more operations than the default limit of stats keeps all of their names', async () => {
  const aggregator = new EngineAggregator({ seriesMax: 256 })
  const recorder = createRecorder(aggregator.connect(0))
  for (let index = 0; index < 100; index++) recorder.record(`op ${index}`, 1, 1)
  recorder.report()
  const operations = async () =>
    new Set(
      parseExposition(await aggregator.registry.metrics())
        .filter(({ name }) => name === 'vllm:mooncake_store_operation_total')
        .map(({ labels }) => labels.operation),
    )
  assert.equal(aggregator.stats(0).operations().length, 100)
  recorder.close()
  await aggregator.close()
  assert.equal((await operations()).size, 100)
})

test('an engine is up while it reports, and down after its last report or the silence time-out', async () => {
  let nowMs = 1_000_000
  let uptimeMs = 5_000
  const aggregator = new EngineAggregator({
    now: () => nowMs,
    // The silence time-out uses this clock, since the wall clock may step back.
    monotonicNow: () => uptimeMs,
    intervalMs: 1_000,
  })
  const link = aggregator.connect(0)
  const recorder = createRecorder(link)
  aggregator.ingest(reportBytes({ engine: 1 }))
  aggregator.ingest(reportBytes({ engine: 2, final: true }))
  const up = () => exposed(aggregator, 'moonmeter_engine_up')
  assert.deepEqual(await up(), [
    ['0', 1],
    ['1', 1],
    ['2', 0],
  ])
  nowMs -= 3_600_000
  uptimeMs += 3_000
  assert.deepEqual(await up(), [
    ['0', 1],
    ['1', 1],
    ['2', 0],
  ])
  uptimeMs += 1
  assert.deepEqual(await up(), [
    ['0', 0],
    ['1', 0],
    ['2', 0],
  ])
  assert.deepEqual(await exposed(aggregator, 'moonmeter_engines_up'), [['', 0]])
  recorder.report()
  await waitUntil('the report', async () => {
    const [[, reports]] = await exposed(aggregator, 'moonmeter_engine_reports_total')
    return reports === 1
  })
  assert.deepEqual((await up())[0], ['0', 1])
  const times = await exposed(aggregator, 'moonmeter_engine_last_report_timestamp_seconds')
  assert.deepEqual(times[0], ['0', -2600])
  const closed = once(link.port, 'close')
  recorder.close()
  await closed
  await waitUntil('the end of engine 0', async () => (await up())[0][1] === 0)
  await aggregator.close()
})

test('close reads the last reports, may be called again, and makes every other method throw', async () => {
  const lines: string[] = []
  const aggregator = new EngineAggregator({ log: (line) => lines.push(line) })
  const recorder = createRecorder(aggregator.connect(0))
  recorder.record('op', 0.5, 1)
  await Promise.all([aggregator.close(), aggregator.close()])
  await aggregator.close()
  assert.equal(lines.length, 1)
  assert.throws(() => aggregator.connect(1), failure('CLOSED'))
  assert.throws(() => aggregator.ingest(packr.pack(ROWS), { engine: 1 }), failure('CLOSED'))
  assert.equal(aggregator.stats().rows, 1)
  assert.deepEqual(await exposed(aggregator, 'moonmeter_engine_records_total'), [['0', 1]])
  assert.deepEqual(await exposed(aggregator, 'moonmeter_engine_up'), [['0', 0]])
  recorder.close()
})

test('an engine that is disconnected keeps its series, or drops them and counts from zero', async () => {
  const aggregator = new EngineAggregator()
  for (const engine of [0, 1]) createRecorder(aggregator.connect(engine)).record('op', 1, 1)
  aggregator.disconnect(0)
  aggregator.disconnect(1, { series: 'drop' })
  aggregator.disconnect(9)
  assert.deepEqual(aggregator.engines, [0])
  assert.equal(aggregator.stats().rows, 1)
  const again = createRecorder(aggregator.connect(1))
  again.record('op', 1, 1)
  assert.equal(aggregator.stats(1).rows, 1)
  assert.throws(() => aggregator.disconnect(-1), failure('INVALID_ENGINE'))
  assert.throws(
    () => aggregator.disconnect(1, { serie: 'drop' } as object),
    failure('INVALID_OPTION'),
  )
  again.close()
  await aggregator.close()
})

test('an engine with more series than a report may have is rejected at creation, not at each report', async () => {
  let rejected = 0
  const onRejected = () => rejected++
  let aggregator: EngineAggregator | undefined
  try {
    aggregator = new EngineAggregator({ seriesMax: 2_000, onRejected })
  } catch (error) {
    assert.ok(failure('INVALID_OPTION')(error))
    return
  }
  const recorder = createRecorder(aggregator.connect(0))
  for (let index = 0; index < 1_500; index++) recorder.record(`op ${index}`, 1, 1)
  recorder.close()
  await aggregator.close()
  assert.equal(rejected, 0)
})

test('rows and bytes of payloads are exposed per engine', async () => {
  const aggregator = new EngineAggregator()
  const report = reportBytes({ engine: 5, series: [seriesWithRows(40)] })
  aggregator.ingest(report)
  aggregator.ingest(packr.pack(ROWS), { engine: 5 })
  assert.deepEqual(await exposed(aggregator, 'moonmeter_engine_records_total'), [['5', 41]])
  const bytes = report.length + packr.pack(ROWS).length
  assert.deepEqual(await exposed(aggregator, 'moonmeter_engine_report_bytes_total'), [['5', bytes]])
  assert.deepEqual(await exposed(aggregator, 'moonmeter_engine_reports_total'), [['5', 2]])
  await aggregator.close()
})

test('ingested bytes may be overwritten by the caller, and are not changed', async () => {
  const aggregator = new EngineAggregator()
  const bytes = reportBytes({ engine: 1, series: [seriesWithRows(5)] })
  const before = bytes.slice()
  assert.ok(aggregator.ingest(bytes).accepted)
  assert.deepEqual(bytes, before)
  const expected = contentsOf(aggregator.stats(1))
  bytes.fill(0xff)
  assert.deepEqual(contentsOf(aggregator.stats(1)), expected)
  await aggregator.close()
})

test('the memory of a report is proportional to its size', async () => {
  const aggregator = new EngineAggregator()
  const fields = new Unpackr({ useRecords: false }).unpack(reportBytes())
  const payloads = 100
  const more = new Uint8Array(500_000)
  const { heap: before } = await memoryInUse()
  for (let engine = 0; engine < payloads; engine++) {
    const bytes = new Uint8Array(packr.pack({ ...fields, engine, more }))
    assert.ok(aggregator.ingest(bytes).accepted)
  }
  const { heap: after } = await memoryInUse()
  assert.ok(after - before < payloads * 50_000, `${(after - before) / payloads} bytes a report`)
  assert.equal(aggregator.engines.length, payloads)
  await aggregator.close()
})
