import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'
import { waitUntil } from '../support/processes/wait-until.js'

const FORGED = Number.MAX_SAFE_INTEGER

function healthOf(aggregator: EngineAggregator) {
  const [source] = aggregator.snapshot().sources
  assert.ok(source !== undefined)
  const { up, reports, rows } = source.health
  return { up, reports, rows }
}

function report(incarnation: number, sequence: number, rows: number, final = false): Uint8Array {
  return reportBytes({ incarnation, sequence, final, series: [seriesWithRows(rows)] })
}

test('late, repeated and old final reports change neither up nor the number of reports', async () => {
  const aggregator = new EngineAggregator()
  const ingest = (bytes: Uint8Array) => assert.ok(aggregator.ingest(bytes).accepted)
  ingest(report(1, 1, 10))
  ingest(report(1, 3, 30))
  ingest(report(2, 1, 5))
  assert.deepEqual(healthOf(aggregator), { up: true, reports: 3, rows: 35 })
  for (const late of [
    report(1, 2, 20),
    report(1, 3, 30),
    report(1, 2, 20, true),
    report(2, 1, 5),
  ]) {
    ingest(late)
  }
  assert.deepEqual(healthOf(aggregator), { up: true, reports: 3, rows: 35 })
  // The final report of the first incarnation has additional rows, so it counts.
  ingest(report(1, 4, 40, true))
  assert.deepEqual(healthOf(aggregator), { up: true, reports: 4, rows: 45 })
  ingest(report(1, 4, 40, true))
  ingest(report(2, 2, 6, true))
  assert.deepEqual(healthOf(aggregator), { up: false, reports: 5, rows: 46 })
  // Neither a repeated report nor a late one of either incarnation makes it look up again.
  for (const late of [report(2, 1, 5), report(1, 1, 10), report(2, 2, 6, true)]) ingest(late)
  assert.deepEqual(healthOf(aggregator), { up: false, reports: 5, rows: 46 })
  await aggregator.close()
})

test('the engine stays up after the final report of a replaced thread', async () => {
  const aggregator = new EngineAggregator({ intervalMs: 60_000 })
  const first = createRecorder(aggregator.connect(0))
  first.record('op', 1, 1)
  const second = createRecorder(aggregator.connect(0))
  second.record('op', 1, 1)
  first.close()
  await waitUntil('the last report', () => healthOf(aggregator).reports === 1)
  assert.deepEqual(healthOf(aggregator), { up: true, reports: 1, rows: 2 })
  second.close()
  await aggregator.close()
})

test('a forged sequence number is rejected, and counters still increase', async () => {
  const aggregator = new EngineAggregator()
  assert.ok(aggregator.ingest(report(1, 1, 10)).accepted)
  const forged = aggregator.ingest(report(1, FORGED, 10))
  assert.ok(!forged.accepted && forged.error.reason === 'range')
  assert.ok(aggregator.ingest(report(1, 2, 20)).accepted)
  assert.deepEqual(healthOf(aggregator), { up: true, reports: 2, rows: 20 })
  await aggregator.close()
})

test('counters still increase after a forged sequence number in the first report of an incarnation', async () => {
  const aggregator = new EngineAggregator()
  assert.ok(aggregator.ingest(report(1, FORGED, 10)).accepted)
  for (let sequence = 2; sequence < 5; sequence++) {
    assert.ok(aggregator.ingest(report(1, sequence, 10 * sequence)).accepted)
    assert.equal(healthOf(aggregator).rows, 10 * sequence)
  }
  assert.equal(healthOf(aggregator).reports, 4)
  await aggregator.close()
})

test('counters still increase after a forged sequence number on a port', async () => {
  const aggregator = new EngineAggregator({ intervalMs: 60_000 })
  const link = aggregator.connect(0)
  const recorder = createRecorder(link)
  recorder.record('load_get', 0.5, 1)
  recorder.report()
  await waitUntil('a report', () => healthOf(aggregator).reports === 1)
  link.port.postMessage(reportBytes({ sequence: FORGED }))
  await waitUntil('the forged report', () => {
    return healthOf(aggregator).reports + aggregator.snapshot().rejections.range === 2
  })
  recorder.record('load_get', 0.5, 1)
  recorder.report()
  await waitUntil('the next report', () => healthOf(aggregator).reports >= 2)
  const text = await aggregator.registry.metrics()
  assert.match(text, /^moonmeter_engine_records_total\{engine="0"\} 2$/m)
  recorder.close()
  await aggregator.close()
})

test('an engine stays up after its reports have wrapped around an int32', async () => {
  const aggregator = new EngineAggregator({ intervalMs: 60_000 })
  const link = aggregator.connect(0)
  const recorder = createRecorder(link)
  // The state after 2^31 - 3 acknowledged reports.
  const words = new Int32Array(link.journal)
  const { HEADER } = await import('../../src/journal/journal-layout.js')
  words[HEADER.sent] = words[HEADER.acknowledged] = 2 ** 31 - 3
  for (let reports = 1; reports <= 6; reports++) {
    recorder.record('op', 1, 1)
    recorder.report()
    await waitUntil('a report', () => healthOf(aggregator).reports === reports)
    assert.deepEqual(healthOf(aggregator), { up: true, reports, rows: reports })
  }
  assert.equal(words[HEADER.sent], -(2 ** 31) + 3)
  recorder.close()
  await aggregator.close()
})

for (const [what, now] of [
  ['negative', () => -5],
  ['NaN', () => Number.NaN],
  ['infinite', () => Number.POSITIVE_INFINITY],
] as const) {
  test(`an engine whose clock is ${what} is up, and so is one of an aggregator with such a clock`, async () => {
    const aggregator = new EngineAggregator({ now })
    const linked = createRecorder(aggregator.connect(0), { now })
    linked.record('op', 1, 1)
    linked.report()
    const sink = { send: (bytes: Uint8Array) => assert.ok(aggregator.ingest(bytes).accepted) }
    // Each start of an engine is a new incarnation.
    for (let start = 1; start <= 3; start++) {
      const remote = createRecorder({ engine: 1, sink, now })
      remote.record('op', 1, 1)
      remote.report()
      const health = aggregator.snapshot().sources[1]?.health
      assert.deepEqual({ up: health?.up, rows: health?.rows }, { up: true, rows: start })
    }
    await waitUntil('a report', () => healthOf(aggregator).reports === 1)
    assert.deepEqual(healthOf(aggregator), { up: true, reports: 1, rows: 1 })
    assert.doesNotMatch(await aggregator.registry.metrics(), /NaN|Inf(?!")/)
    linked.close()
    await aggregator.close()
  })
}

test('the rows of a silent engine are scraped while the clock of the aggregator is below zero', async () => {
  let nowMs = -1e6
  const aggregator = new EngineAggregator({ monotonicNow: () => nowMs })
  const recorder = createRecorder(aggregator.connect(0))
  recorder.record('op', 1, 1)
  nowMs += 100_000
  const text = await aggregator.registry.metrics()
  assert.match(text, /^moonmeter_engine_records_total\{engine="0"\} 1$/m)
  assert.match(text, /^moonmeter_engine_up\{engine="0"\} 0$/m)
  assert.equal(aggregator.snapshot().elapsedMs, 100_000)
  recorder.close()
  await aggregator.close()
})

test('an engine whose clock throws still reports', async () => {
  const aggregator = new EngineAggregator({ intervalMs: 60_000 })
  const now = () => {
    throw new Error('no time')
  }
  const recorder = createRecorder(aggregator.connect(0), { now })
  recorder.record('op', 1, 1)
  recorder.report()
  await waitUntil('a report', () => healthOf(aggregator).reports === 1)
  recorder.close()
  await aggregator.close()
})

test('durations whose sum would be infinite are rejected when they are recorded', async () => {
  const aggregator = new EngineAggregator()
  const recorder = createRecorder(aggregator.connect(0))
  for (let row = 0; row < 2; row++) {
    assert.throws(() => recorder.record('op', 1e308, 1), { code: 'INVALID_ROW' })
    recorder.record('op', 2 ** 64, 1)
  }
  recorder.report()
  await waitUntil('a report', () => healthOf(aggregator).reports === 1)
  assert.deepEqual(healthOf(aggregator), { up: true, reports: 1, rows: 2 })
  assert.doesNotMatch(await aggregator.registry.metrics(), /NaN|Inf(?!")/)
  recorder.close()
  await aggregator.close()
})
