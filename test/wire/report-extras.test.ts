import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Packr, Unpackr } from 'msgpackr'
import { EngineAggregator } from '../../src/index.js'
import { decodePayload } from '../../src/wire/payload.js'
import { failure } from '../support/assertions/failures.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

const EXTRAS = { numTransferredBytes: 5, numHitKeys: 3 }
const MEASURED = { series: [{ ...seriesWithRows(1), extras: EXTRAS }], inFlight: [2] }

/** A report of one series whose extras are replaced. */
function withExtras(extras: unknown): Uint8Array {
  const fields = new Unpackr({ useRecords: false }).unpack(reportBytes(MEASURED))
  return new Packr({ useRecords: false }).pack({ ...fields, extras })
}

function decode(bytes: Uint8Array, hasExtras: boolean) {
  const payload = decodePayload(bytes, { hasExtras })
  assert.ok(payload.kind === 'report')
  return payload.report
}

test('extra counters and calls in flight are decoded, and ignored without the option', () => {
  const bytes = reportBytes(MEASURED)
  const { series, inFlight } = decode(bytes, true)
  assert.deepEqual([series[0].extras, inFlight], [EXTRAS, [2]])
  const plain = decode(bytes, false)
  assert.deepEqual([plain.series[0].extras, plain.inFlight], [undefined, undefined])
  assert.equal(decode(withExtras('none'), false).series.length, 1)
  assert.equal(decode(reportBytes(), true).inFlight, undefined)
})

test('every extra value of a report is checked', () => {
  for (const [extras, reason] of [
    [null, 'type'],
    [{}, 'type'],
    [[], 'shape'],
    [
      [
        [5, 3, 2],
        [5, 3, 2],
      ],
      'shape',
    ],
    [[7], 'type'],
    [[[5, 3]], 'shape'],
    [[[5, 3, 2, 1]], 'shape'],
    [[['5', 3, 2]], 'type'],
    [[[-1, 3, 2]], 'range'],
    [[[0.5, 3, 2]], 'range'],
    [[[2 ** 118, 3, 2]], 'range'],
    [[[5, Number.NaN, 2]], 'range'],
    [[[5, 3, -1]], 'range'],
    [[[5, 3, 1.5]], 'range'],
    [[[5, 3, 2 ** 60]], 'range'],
    [[[5, 3, null]], 'type'],
  ] as const) {
    const bytes = withExtras(extras)
    assert.throws(() => decode(bytes, true), failure('INVALID_PAYLOAD', reason), `${extras}`)
  }
})

test('a report with a decreased extra counter is rejected, and none of its rows are counted', async () => {
  const aggregator = new EngineAggregator({ extraMetrics: ['hit_keys'] })
  assert.deepEqual(aggregator.ingest(reportBytes(MEASURED)), { accepted: true })
  for (const extras of [
    { ...EXTRAS, numHitKeys: 2 },
    { ...EXTRAS, numTransferredBytes: 4 },
  ]) {
    const series = [{ ...seriesWithRows(2), extras }]
    const result = aggregator.ingest(reportBytes({ ...MEASURED, series, sequence: 2 }))
    assert.ok(!result.accepted)
    assert.equal(result.error.reason, 'backwards')
  }
  const [{ series, inFlight }] = aggregator.snapshot().sources
  assert.deepEqual([series[0].rows, series[0].numHitKeys, inFlight], [1, 3, { load_get: 2 }])
  await aggregator.close()
})
