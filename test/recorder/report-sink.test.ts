import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { decodePayload } from '../../src/wire/payload.js'
import { failure } from '../support/assertions/failures.js'
import { waitUntil } from '../support/processes/wait-until.js'

test('a recorder with a sink sends all rows so far, every interval and at its end', async () => {
  const reports: Uint8Array[] = []
  let closed = 0
  const recorder = createRecorder({
    engine: 3,
    instance: 'host-a',
    bounds: [0.1, 1],
    intervalMs: 5,
    sink: { send: (bytes) => void reports.push(bytes), close: () => closed++ },
  })
  recorder.record('load_get', 0.5, 2)
  await waitUntil('two reports', () => reports.length >= 2)
  recorder.record('load_get', 0.5, 2)
  recorder.close()
  recorder.close()
  assert.equal(closed, 1)
  assert.throws(() => recorder.record('load_get', 0.5, 2), failure('CLOSED'))
  const aggregator = new EngineAggregator({ bounds: [0.1, 1] })
  for (const report of reports) assert.ok(aggregator.ingest(report).accepted)
  const [source] = aggregator.snapshot().sources
  assert.equal(source?.instance, 'host-a')
  assert.equal(source?.engine, 3)
  assert.equal(source?.health.up, false)
  assert.deepEqual(source?.series[0]?.bucketCounts, [0, 2, 2])
  assert.equal(recorder.stopRequested, false)
  assert.equal(recorder.signal.aborted, false)
  await aggregator.close()
})

test('a sink that is not ready gets no report, and the next report has all rows', () => {
  const sequences: number[] = []
  let isReady = true
  const recorder = createRecorder({
    engine: 0,
    sink: {
      isReady: () => isReady,
      send: (bytes) => {
        const payload = decodePayload(bytes)
        assert.ok(payload.kind === 'report')
        sequences.push(payload.report.sequence, payload.report.series[0]?.rows ?? 0)
      },
    },
  })
  for (const ready of [true, false, false, true]) {
    isReady = ready
    recorder.record('op', 1, 1)
    recorder.report()
  }
  recorder.close()
  assert.deepEqual(sequences, [1, 1, 2, 4, 3, 4])
})

test('a sink that throws is warned about once, and no row is lost', async () => {
  const warning = once(process, 'warning')
  const reports: Uint8Array[] = []
  const recorder = createRecorder({
    engine: 0,
    sink: {
      send: (bytes) => {
        if (reports.push(bytes) < 3) throw new Error('no route')
      },
      close: () => {
        throw new Error('broken pipe')
      },
    },
  })
  recorder.record('op', 1, 1)
  recorder.report()
  recorder.report()
  recorder.close()
  assert.equal((await warning)[0].message, 'sink.send threw: no route')
  const aggregator = new EngineAggregator()
  assert.ok(aggregator.ingest(reports[2] ?? new Uint8Array()).accepted)
  assert.equal(aggregator.stats().rows, 1)
  await aggregator.close()
})

test('the last report is sent to a sink that is not ready', () => {
  const reports: Uint8Array[] = []
  const recorder = createRecorder({
    engine: 0,
    sink: { isReady: () => false, send: (bytes) => void reports.push(bytes) },
  })
  recorder.record('op', 1, 1)
  recorder.report()
  assert.equal(reports.length, 0)
  recorder.close()
  const payload = decodePayload(reports[0])
  assert.ok(payload.kind === 'report' && payload.report.final)
  assert.equal(payload.report.series[0]?.rows, 1)
})

test('callbacks that reject, or throw a value without a text, end neither thread nor process', async () => {
  const rejections: unknown[] = []
  const note = (error: unknown) => rejections.push(error)
  process.on('unhandledRejection', note)
  const recorder = createRecorder({
    engine: 0,
    sink: {
      send: async () => Promise.reject(Object.create(null)),
      close: async () => {
        throw new Error('broken pipe')
      },
    },
  })
  recorder.report()
  recorder.close()
  const aggregator = new EngineAggregator({
    log: async () => Promise.reject(new Error('disk full')),
    onRejected: () => {
      throw Object.create(null)
    },
  })
  aggregator.ingest(new Uint8Array(), { engine: 0 })
  aggregator.ingest(Uint8Array.from([0x81, 0xa1, 0x61, 0x90]), { engine: 0 })
  await aggregator.close()
  await new Promise((resolve) => setTimeout(resolve, 20))
  process.off('unhandledRejection', note)
  assert.deepEqual(rejections, [])
})

test('a recorder with a wrong clock still counts, each incarnation separately', async () => {
  for (const clock of [() => 0, () => Number.NaN, () => -5, () => 1e18, () => Infinity]) {
    const aggregator = new EngineAggregator()
    for (let incarnation = 0; incarnation < 200; incarnation++) {
      const send = (bytes: Uint8Array) => void assert.ok(aggregator.ingest(bytes).accepted)
      const recorder = createRecorder({ engine: 0, sink: { send }, now: clock })
      recorder.record('op', 1, 1)
      recorder.close()
    }
    assert.equal(aggregator.stats(0).rows, 200)
    await aggregator.close()
  }
})

test('options of a recorder with a sink are checked', () => {
  const sink = { send: () => {} }
  const wrong: readonly [object, 'INVALID_OPTION' | 'INVALID_ENGINE'][] = [
    [{ engine: 0, sink: {} }, 'INVALID_OPTION'],
    [{ engine: 0, sink: null }, 'INVALID_OPTION'],
    [{ engine: -1, sink }, 'INVALID_ENGINE'],
    [{ sink }, 'INVALID_ENGINE'],
    [{ engine: 0, sink, instance: '' }, 'INVALID_OPTION'],
    [{ engine: 0, sink, bounds: [2, 1] }, 'INVALID_OPTION'],
    [{ engine: 0, sink, intervalMs: 0 }, 'INVALID_OPTION'],
    [{ engine: 0, sink, seriesMax: 1 }, 'INVALID_OPTION'],
    [{ engine: 0, sink, interval: 5 }, 'INVALID_OPTION'],
    [{ engine: 0, sink, now: 5 }, 'INVALID_OPTION'],
  ]
  for (const [options, code] of wrong) {
    const make = () => createRecorder(options as never)
    assert.throws(make, failure(code), JSON.stringify(options))
  }
})
