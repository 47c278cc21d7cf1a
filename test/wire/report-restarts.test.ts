import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Packr, Unpackr } from 'msgpackr'
import { EngineAggregator } from '../../src/index.js'
import { decodePayload } from '../../src/wire/payload.js'
import { REPORT_REASONS_MAX, sumRestarts } from '../../src/wire/report-restarts.js'
import { failure } from '../support/assertions/failures.js'
import { reportBytes } from '../support/generators/reports.js'

const RESTARTS = new Map([
  ['exit', 3],
  ['__proto__', 2],
])

/** A report whose restarts are replaced. */
function withRestarts(restarts: unknown): Uint8Array {
  const fields = new Unpackr({ useRecords: false }).unpack(reportBytes())
  return new Packr({ useRecords: false }).pack({ ...fields, restarts })
}

function decode(bytes: Uint8Array) {
  const payload = decodePayload(bytes)
  assert.ok(payload.kind === 'report')
  return payload.report.restarts
}

function reasons(count: number): unknown[] {
  return Array.from({ length: count }, (_, index) => [`reason ${index}`, 1])
}

test('the restarts of a report come back, and take no bytes where there are none', () => {
  assert.deepEqual(decode(reportBytes({ restarts: RESTARTS })), RESTARTS)
  assert.equal(decode(reportBytes()), undefined)
  assert.deepEqual(reportBytes({ restarts: new Map() }), reportBytes())
  assert.equal(decode(withRestarts(reasons(REPORT_REASONS_MAX)))?.size, REPORT_REASONS_MAX)
})

test('every restart of a report is checked', () => {
  for (const [restarts, reason] of [
    [null, 'type'],
    [{ exit: 1 }, 'type'],
    [['exit'], 'type'],
    [[['exit']], 'shape'],
    [[['exit', 1, 2]], 'shape'],
    [[[1, 1]], 'type'],
    [[['x'.repeat(256), 1]], 'range'],
    [[['exit', '1']], 'type'],
    [[['exit', -1]], 'range'],
    [[['exit', 0.5]], 'range'],
    [[['exit', 2 ** 60]], 'range'],
    [
      [
        ['exit', 1],
        ['exit', 2],
      ],
      'duplicate',
    ],
    [reasons(REPORT_REASONS_MAX + 1), 'range'],
  ] as const) {
    const bytes = withRestarts(restarts)
    assert.throws(() => decode(bytes), failure('INVALID_PAYLOAD', reason), `${restarts}`)
  }
})

test('restarts add up by reason', () => {
  assert.deepEqual(
    sumRestarts([RESTARTS, undefined, new Map([['exit', 4]])]),
    new Map([
      ['exit', 7],
      ['__proto__', 2],
    ]),
  )
  assert.equal(sumRestarts([undefined, new Map()]), undefined)
})

test('restarts count in a fleet only, where the sum of all processes is known', async () => {
  const aggregator = new EngineAggregator()
  const result = aggregator.ingest(reportBytes({ instance: 'a', restarts: RESTARTS }))
  assert.ok(result.accepted)
  assert.deepEqual(aggregator.snapshot().sources[0]?.health.restarts, {})
  await aggregator.close()
})
