import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { EngineAggregator, MooncakeStoreConnectorStats } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { failure } from '../support/assertions/failures.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

const ROW = { duration_seconds: 0.5, num_keys: 1 }

test('a report that is in transit while the journal is read counts as a report and keeps the engine up', async () => {
  let nowMs = 0
  const aggregator = new EngineAggregator({
    monotonicNow: () => nowMs,
    now: () => nowMs,
    // Longer than the test, so that only the test sends reports.
    intervalMs: 3_600_000,
    silentAfterMs: 500,
  })
  const recorder = createRecorder(aggregator.connect(0))
  for (let report = 1; report <= 10; report++) {
    recorder.record('op', 1, 1)
    nowMs += 1_000
    recorder.report()
    aggregator.snapshot()
    for (let turns = 0; turns < 3; turns++) await turn()
    const { up, reports, lastReportMs, rows } = aggregator.snapshot().sources[0]?.health ?? {}
    assert.deepEqual(
      { up, reports, lastReportMs, rows },
      {
        up: true,
        reports: report,
        lastReportMs: nowMs,
        rows: report,
      },
    )
  }
  recorder.close()
  await aggregator.close()
})

test('a child process may continue an engine whose thread has ended', async () => {
  const aggregator = new EngineAggregator()
  const link = aggregator.connect(0)
  const thread = createRecorder(link)
  thread.record('op', 1, 1)
  const closed = once(link.port, 'close')
  thread.close()
  await closed
  // The other end of the port closes some turns later.
  for (let turns = 0; turns < 10; turns++) await turn()
  const child = createRecorder({ engine: 0, sink: { send: (bytes) => accepted.push(take(bytes)) } })
  const accepted: boolean[] = []
  const take = (bytes: Uint8Array) => aggregator.ingest(bytes).accepted
  child.record('op', 1, 1)
  child.report()
  assert.deepEqual(accepted, [true])
  assert.equal(aggregator.snapshot().sources[0]?.health.up, true)
  assert.equal(aggregator.stats(0).rows, 2)
  child.close()
  await aggregator.close()
})

test('incarnations that never had a row are bounded like all others', async () => {
  const aggregator = new EngineAggregator()
  // Each of 16 engines keeps its share of 16,384 incarnations.
  for (let engine = 1; engine < 16; engine++) aggregator.ingest(reportBytes({ engine }))
  for (let incarnation = 1; incarnation <= 1_200; incarnation++) {
    assert.ok(aggregator.ingest(reportBytes({ incarnation, series: [] })).accepted)
  }
  const late = aggregator.ingest(reportBytes({ incarnation: 1, sequence: 2 }))
  assert.ok(!late.accepted && failure('INVALID_PAYLOAD', 'incarnation')(late.error))
  const kept = aggregator.ingest(reportBytes({ incarnation: 1_100, sequence: 2 }))
  assert.ok(kept.accepted)
  await aggregator.close()
})

test('incarnations that grow later count with their later size', async () => {
  const aggregator = new EngineAggregator()
  const grown = Array.from({ length: 500 }, (_, index) => {
    return seriesWithRows(1, `op ${index % 60}`, `s${Math.floor(index / 60)}`)
  })
  for (let incarnation = 1; incarnation <= 100; incarnation++) {
    assert.ok(aggregator.ingest(reportBytes({ incarnation })).accepted)
  }
  let accepted = 0
  for (let incarnation = 100; incarnation >= 1; incarnation--) {
    const fields = { incarnation, sequence: 2, series: [seriesWithRows(1), ...grown] }
    if (aggregator.ingest(reportBytes(fields)).accepted) accepted++
  }
  assert.ok(accepted > 25 && accepted < 60, `${accepted} of 100 grew`)
  assert.equal(aggregator.stats(0).rows, 100 + 500 * accepted)
  await aggregator.close()
})

test('log lines and snapshots work with a clock that goes back or returns no number', async () => {
  const lines: string[] = []
  let nowMs = 1_000
  const aggregator = new EngineAggregator({
    monotonicNow: () => nowMs,
    log: (line) => lines.push(line),
  })
  const first = aggregator.snapshot()
  aggregator.ingest(pack({ op: [ROW] }), { engine: 0 })
  for (const value of [500, Number.NaN, -5, 2_000]) {
    nowMs = value
    assert.equal(aggregator.snapshot().since(first).rows, 1)
  }
  nowMs = 0
  await aggregator.close()
  assert.equal(lines.length, 1)
})

test('raised limits on names also apply to payloads', async () => {
  const rows = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`op${index}`, [ROW]]))
  const stats = MooncakeStoreConnectorStats.fromPayload(pack(rows), { operationsMax: 256 })
  assert.equal(stats.operations().length, 100)
  const again = MooncakeStoreConnectorStats.fromPayload(stats.toPayload(), { operationsMax: 256 })
  assert.deepEqual(again.reduce(), stats.reduce())
  const aggregator = new EngineAggregator({ seriesMax: 256 })
  aggregator.ingest(pack(rows), { engine: 0 })
  assert.equal(aggregator.stats(0).operations().length, 100)
  await aggregator.close()
})

test('sums over engines have every operation that the metrics have', async () => {
  const lines: string[] = []
  const aggregator = new EngineAggregator({ log: (line) => lines.push(line) })
  for (const engine of [0, 1, 2]) {
    const names = Array.from({ length: 40 }, (_, index) => `op ${engine} ${index}`)
    aggregator.ingest(pack(Object.fromEntries(names.map((name) => [name, [ROW]]))), { engine })
  }
  assert.equal(aggregator.stats().operations().length, 120)
  await aggregator.close()
  assert.equal(lines[0]?.match(/_p90_ms=/g)?.length, 120)
})

test('the percentiles of a log line are exact for many small payloads of many engines', async () => {
  const lines: string[] = []
  const aggregator = new EngineAggregator({
    log: (line) => lines.push(line),
    onApproximateP90: (operations) => lines.push(`approximate: ${operations}`),
  })
  const names = ['a', 'b', 'c', 'd']
  const payload = pack(Object.fromEntries(names.map((name) => [name, [ROW, ROW, ROW]])))
  for (let round = 0; round < 10; round++) {
    for (let engine = 0; engine < 120; engine++) aggregator.ingest(payload, { engine })
  }
  await aggregator.close()
  assert.equal(lines.length, 1)
})

test('the percentiles of the last line of many engines that end together are exact', async () => {
  const lines: string[] = []
  const aggregator = new EngineAggregator({
    log: (line) => lines.push(line),
    onApproximateP90: (operations) => lines.push(`approximate: ${operations}`),
  })
  const recorders = Array.from({ length: 64 }, (_, engine) => {
    return createRecorder(aggregator.connect(engine))
  })
  for (const recorder of recorders) {
    for (let operation = 0; operation < 8; operation++) {
      for (let row = 0; row < 600; row++) recorder.record(`op${operation}`, row / 1_000, 1)
    }
  }
  await aggregator.close()
  assert.equal(lines.length, 1)
  assert.match(lines[0], /^KV Transfer metrics: /)
  for (const recorder of recorders) recorder.close()
})
