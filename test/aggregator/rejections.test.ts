import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Packr } from 'msgpackr'
import { REJECTION_REASONS, type RejectionReason } from '../../src/errors.js'
import { EngineAggregator, type MoonmeterError } from '../../src/index.js'
import { contentsOf } from '../support/assertions/contents.js'
import { failure } from '../support/assertions/failures.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

const packr = new Packr({ useRecords: false, variableMapSize: true })
const ROW = { duration_seconds: 0.5, num_keys: 1 }
const BAD_ROW = { ...ROW, duration_seconds: -1 }
const GOOD = packr.pack({ load_get: [ROW] })

/** A map with the same key twice. */
const DUPLICATE = Buffer.concat([Buffer.of(0x82), GOOD.subarray(1), GOOD.subarray(1)])

/** An engine that is connected in this process. */
const LOCAL_ENGINE = 5
/** An engine whose series were dropped. */
const DROPPED_ENGINE = 6

/** Reasons for payloads of other processes; the others apply to threads of this process. */
type PayloadReason = Exclude<RejectionReason, 'journal' | 'flood'>

/**
 * Per reason, payloads that are rejected for it; all except reports of other engines are for engine
 * 1.
 */
const REFUSED: Readonly<Record<PayloadReason, readonly Uint8Array[]>> = {
  oversized: [packr.pack({ load_get: new Array(200).fill(ROW) })],
  truncated: [GOOD.subarray(0, -1), new Uint8Array(0), reportBytes({ engine: 1 }).subarray(0, -1)],
  malformed: [Buffer.concat([GOOD, GOOD]), Buffer.of(0xc1)],
  version: [packr.pack({ moonmeter_report: 2 })],
  extension: [packr.pack({ load_get: [new Date(0)] })],
  nested: [packr.pack({ moonmeter_report: 3, series: [[[[[1]]]]] })],
  duplicate: [
    DUPLICATE,
    reportBytes({ engine: 1, incarnation: 9, series: [seriesWithRows(1), seriesWithRows(2)] }),
  ],
  shape: [packr.pack([1]), packr.pack({ load_get: [ROW, 3] })],
  type: [packr.pack({ load_get: 3 }), packr.pack({ load_get: [ROW, { ...ROW, status: 1 }] })],
  range: [packr.pack({ load_get: [ROW, BAD_ROW] }), packr.pack({ a: [ROW], b: [BAD_ROW] })],
  bounds: [reportBytes({ engine: 1, bounds: [1, 2] })],
  engine: [reportBytes({ engine: 2 })],
  local: [reportBytes({ engine: LOCAL_ENGINE, incarnation: 99 })],
  incarnation: [reportBytes({ engine: DROPPED_ENGINE, incarnation: 8, sequence: 99 })],
  backwards: [reportBytes({ engine: 1, sequence: 3, series: [seriesWithRows(4)] })],
}

/** An aggregator with rows and an incarnation of engine 1, and a clock that stands still. */
function newAggregator(onRejected: (error: MoonmeterError) => void = () => {}): EngineAggregator {
  const aggregator = new EngineAggregator({
    payloadBytesMax: 1_000,
    now: () => 5_000,
    monotonicNow: () => 0,
    onRejected,
  })
  aggregator.ingest(GOOD, { engine: 1 })
  const report = reportBytes({ engine: 1, sequence: 2, series: [seriesWithRows(7)] })
  assert.deepEqual(aggregator.ingest(report), { accepted: true })
  aggregator.connect(LOCAL_ENGINE)
  assert.ok(aggregator.ingest(reportBytes({ engine: DROPPED_ENGINE, incarnation: 9 })).accepted)
  aggregator.disconnect(DROPPED_ENGINE, { series: 'drop' })
  return aggregator
}

function withoutCount(text: string, reason: RejectionReason): string {
  return text.replace(
    new RegExp(`^moonmeter_payloads_rejected_total{reason="${reason}"} .*$`, 'm'),
    '',
  )
}

for (const reason of Object.keys(REFUSED) as (keyof typeof REFUSED)[]) {
  test(`a payload refused as '${reason}' is counted as that and changes nothing else`, async () => {
    const told: MoonmeterError[] = []
    const aggregator = newAggregator((error) => told.push(error))
    const before = await aggregator.registry.metrics()
    const stats = contentsOf(aggregator.stats())
    const payloads = REFUSED[reason]
    for (const payload of payloads) {
      const isOther = reason === 'local' || reason === 'incarnation'
      const result = aggregator.ingest(payload, isOther ? {} : { engine: 1 })
      assert.ok(!result.accepted)
      assert.ok(failure('INVALID_PAYLOAD', reason)(result.error), result.error.message)
      assert.equal(told.at(-1), result.error)
    }
    const after = await aggregator.registry.metrics()
    const count = `moonmeter_payloads_rejected_total{reason="${reason}"} ${payloads.length}\n`
    assert.ok(after.includes(count))
    assert.equal(withoutCount(after, reason), withoutCount(before, reason))
    assert.deepEqual(contentsOf(aggregator.stats()), stats)
    assert.deepEqual(aggregator.engines, [1, LOCAL_ENGINE])
    assert.equal(told.length, payloads.length)
    await aggregator.close()
  })
}

test('every reason is exposed from the start, with a count of zero', async () => {
  const aggregator = new EngineAggregator()
  const text = await aggregator.registry.metrics()
  const lines = REJECTION_REASONS.map(
    (reason) => `moonmeter_payloads_rejected_total{reason="${reason}"} 0`,
  )
  assert.deepEqual(
    text.split('\n').filter((line) => line.startsWith('moonmeter_payloads_rejected_total')),
    lines,
  )
  await aggregator.close()
})

test('a refused payload of an unknown engine does not add the engine', async () => {
  const aggregator = new EngineAggregator()
  assert.equal(aggregator.ingest(Buffer.of(0xc1), { engine: 4 }).accepted, false)
  assert.equal(aggregator.ingest(packr.pack({ op: [BAD_ROW] }), { engine: 4 }).accepted, false)
  assert.deepEqual(aggregator.engines, [])
  await aggregator.close()
})

test('rows without an engine, and reports of engines past the limit, are refused as engine', async () => {
  const aggregator = new EngineAggregator({ enginesMax: 1 })
  const unnamed = aggregator.ingest(GOOD)
  assert.ok(!unnamed.accepted && failure('INVALID_PAYLOAD', 'engine')(unnamed.error))
  assert.ok(aggregator.ingest(GOOD, { engine: 1 }).accepted)
  const second = aggregator.ingest(reportBytes({ engine: 2 }))
  assert.ok(!second.accepted && failure('INVALID_PAYLOAD', 'engine')(second.error))
  assert.throws(() => aggregator.connect(2), failure('INVALID_ENGINE'))
  assert.deepEqual(aggregator.engines, [1])
  await aggregator.close()
})

test('rows of engines past the limit are counted for the engine other', async () => {
  const aggregator = new EngineAggregator({ enginesMax: 1 })
  for (const engine of [5, 6, 7]) assert.ok(aggregator.ingest(GOOD, { engine }).accepted)
  const text = await aggregator.registry.metrics()
  const counts = [
    ...text.matchAll(/^vllm:mooncake_store_operation_total{.*engine="(\w+)".*} (\d+)$/gm),
  ]
  assert.deepEqual(
    counts.map(([, engine, count]) => [engine, count]),
    [
      ['5', '1'],
      ['other', '2'],
    ],
  )
  assert.equal(aggregator.stats().rows, 3)
  assert.deepEqual(aggregator.engines, [5])
  await aggregator.close()
})

test('a name of the maximum length of a payload is not repeated on every line of the exposition', async () => {
  const aggregator = new EngineAggregator()
  const name = 'x'.repeat(500_000)
  aggregator.ingest(packr.pack({ [name]: [ROW] }), { engine: 1 })
  aggregator.ingest(packr.pack({ op: [{ ...ROW, status: name }] }), { engine: 1 })
  aggregator.ingest(reportBytes({ engine: 1, series: [seriesWithRows(1, name, name)] }))
  assert.ok((await aggregator.registry.metrics()).length < 100_000)
  await aggregator.close()
})

test('messages on an engine’s port are validated like any payload', async () => {
  const reasons: (RejectionReason | undefined)[] = []
  const aggregator = new EngineAggregator({ onRejected: ({ reason }) => reasons.push(reason) })
  const { port } = aggregator.connect(1)
  port.postMessage('text')
  port.postMessage(GOOD)
  port.postMessage(reportBytes({ engine: 2 }))
  port.postMessage(reportBytes({ engine: 1, incarnation: 2 }))
  port.postMessage(reportBytes({ engine: 1, incarnation: 1 }).subarray(0, 20))
  await aggregator.close()
  assert.deepEqual(reasons, ['type', 'shape', 'engine', 'engine', 'truncated'])
  assert.equal(aggregator.stats().rows, 0)
  port.close()
})
