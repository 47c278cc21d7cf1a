import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { MooncakeStoreConnectorStats } from '../../src/wire/mooncake-store-connector-stats.js'
import { contentsOf } from '../support/assertions/contents.js'
import { failure } from '../support/assertions/failures.js'
import { counts, durations, names } from '../support/generators/arbitraries.js'

/** Plain MessagePack, integers past 32 bits as 64-bit ones where they are given as BigInt. */
const packr = new Packr({ useRecords: false, variableMapSize: true })
const SHAPES = ['bare', 'wrapped', 'wrapped flat'] as const
type Shape = (typeof SHAPES)[number]

const operations = fc.oneof(
  fc.constantFrom(
    'load_get',
    '__proto__',
    'data',
    'MooncakeStoreConnector',
    'moonmeter_report',
    'constructor',
    'toString',
    '',
    '\u{1f680}',
  ),
  names,
)
const payloads = fc.array(
  fc.tuple(
    operations,
    fc.array(
      fc.record(
        {
          duration_seconds: fc.oneof(durations, fc.nat({ max: 9 })),
          num_keys: fc.oneof(counts, fc.double({ min: 0, max: 99, noNaN: true })),
          num_bytes: fc.oneof(counts, fc.bigInt({ min: 0n, max: 2n ** 45n })),
          status: fc.constantFrom('ok', 'error', '', '__proto__'),
          num_failed_keys: counts,
        },
        { requiredKeys: ['duration_seconds', 'num_keys'] },
      ),
      { maxLength: 6 },
    ),
  ),
  { maxLength: 6 },
)
type WireRow = Partial<Record<string, number | bigint | string>>

function pack(shape: Shape, data: readonly (readonly [string, readonly WireRow[]])[]): Uint8Array {
  // Maps, since an object takes the key `__proto__` for its prototype.
  const map = new Map(data.map(([operation, rows]) => [operation, rows]))
  if (shape === 'bare') return packr.pack(map)
  const other = { data: { transfers: [1, 'two', null] } }
  const own = shape === 'wrapped' ? new Map([['data', map]]) : map
  return packr.pack(
    new Map<string, unknown>([
      ['NixlConnector', other],
      ['MooncakeStoreConnector', own],
      ['OffloadingConnector', 3],
    ]),
  )
}

function expectedStats(
  data: readonly (readonly [string, readonly WireRow[]])[],
): MooncakeStoreConnectorStats {
  const stats = new MooncakeStoreConnectorStats()
  for (const [operation, rows] of new Map(data)) {
    stats.declare(operation)
    for (const row of rows) {
      stats.recordOperation(operation, Number(row.duration_seconds), Number(row.num_keys), {
        numBytes: Number(row.num_bytes ?? 0),
        status: row.status as string | undefined,
        numFailedKeys: Number(row.num_failed_keys ?? 0),
      })
    }
  }
  return stats
}

test('rows packed in any of the three shapes are decoded correctly, with any names', () => {
  fc.assert(
    fc.property(payloads, (data) => {
      const expected = expectedStats(data)
      for (const shape of SHAPES) {
        const stats = MooncakeStoreConnectorStats.fromPayload(pack(shape, data))
        assert.deepEqual(contentsOf(stats), contentsOf(expected), shape)
        assert.deepEqual(stats.operations(), expected.operations())
        assert.deepEqual(stats.reduce(), expected.reduce())
        assert.equal(stats.isEmpty(), expected.isEmpty())
      }
    }),
    { seed: 33, numRuns: 250 },
  )
})

test('integers, floats and 64-bit integers are all numbers', () => {
  const hex =
    // {"op": [{"duration_seconds": 2 (fixint), "num_keys": 3.0 (float32), "num_bytes": 2^53 + 1
    // (uint64), "num_failed_keys": 5 (int64)}]}
    '81a26f709184b06475726174696f6e5f7365636f6e647302a86e756d5f6b657973ca40400000' +
    'a96e756d5f6279746573cf0020000000000001af6e756d5f6661696c65645f6b657973d30000000000000005'
  const stats = MooncakeStoreConnectorStats.fromPayload(Buffer.from(hex, 'hex'))
  const { op_avg_ms, op_total_keys, op_total_bytes, op_failed_keys } = stats.reduce()
  assert.deepEqual(
    [op_avg_ms, op_total_keys, op_total_bytes, op_failed_keys],
    [2000, 3, 2 ** 53, 5],
  )
})

test('rows that are not maps, or lack a required field, are rejected', () => {
  const duration_seconds = 1
  const num_keys = 1
  const row = { duration_seconds, num_keys }
  const cases: readonly (readonly [unknown, 'shape' | 'type' | 'range'])[] = [
    [[1, 2], 'shape'],
    [null, 'shape'],
    [{ num_keys }, 'type'],
    [{ duration_seconds }, 'type'],
    [{ ...row, duration_seconds: '1' }, 'type'],
    [{ ...row, duration_seconds: true }, 'type'],
    [{ ...row, duration_seconds: -1e-9 }, 'range'],
    [{ ...row, duration_seconds: Number.NaN }, 'range'],
    [{ ...row, duration_seconds: Number.POSITIVE_INFINITY }, 'range'],
    [{ ...row, num_keys: -1 }, 'range'],
    [{ ...row, num_keys: -(2n ** 40n) }, 'range'],
    [{ ...row, num_bytes: null }, 'type'],
    [{ ...row, num_bytes: -1 }, 'range'],
    [{ ...row, num_failed_keys: '0' }, 'type'],
    [{ ...row, num_failed_keys: Number.NEGATIVE_INFINITY }, 'range'],
    [{ ...row, status: 0 }, 'type'],
    [{ ...row, status: null }, 'type'],
    [{ ...row, status: new Uint8Array(2) }, 'type'],
  ]
  for (const [wrong, reason] of cases) {
    for (const shape of SHAPES) {
      const bytes = pack(shape, [['op', [row, wrong as WireRow]]])
      assert.throws(
        () => MooncakeStoreConnectorStats.fromPayload(bytes),
        failure('INVALID_PAYLOAD', reason),
      )
    }
  }
})

test('operations that are not strings, or whose rows are not an array, are rejected', () => {
  const cases: readonly (readonly [unknown, 'shape' | 'type'])[] = [
    [new Map([[1, []]]), 'type'],
    [{ op: 1 }, 'type'],
    [{ op: { rows: [] } }, 'type'],
    [{ MooncakeStoreConnector: 3 }, 'type'],
    [{ MooncakeStoreConnector: { op: null } }, 'type'],
    [[], 'shape'],
    [7, 'shape'],
    ['op', 'shape'],
  ]
  for (const [payload, reason] of cases) {
    assert.throws(
      () => MooncakeStoreConnectorStats.fromPayload(packr.pack(payload)),
      failure('INVALID_PAYLOAD', reason),
      String(payload),
    )
  }
})
