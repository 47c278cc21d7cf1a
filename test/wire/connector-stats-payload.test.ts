import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { Unpackr } from 'msgpackr'
import {
  MooncakeStoreConnectorStats,
  type PayloadRows,
  type RejectionReason,
} from '../../src/index.js'
import { contentsOf } from '../support/assertions/contents.js'
import { failure } from '../support/assertions/failures.js'
import { rows as anyRow } from '../support/generators/arbitraries.js'
import { referenceCases } from '../support/generators/reference-cases.js'

/** A Python with MessagePack: Debian's, or the first on the path. */
const PYTHON = ['/usr/bin/python3', 'python3'].find((python) => {
  return spawnSync(python, ['-c', 'import msgpack']).status === 0
})
// With CI set, all packages for tests must be installed, so a missing one is a failure.
const SKIP = PYTHON !== undefined || process.env.CI === 'true' ? false : 'no python3-msgpack'
/** Reads a payload as vLLM does, and prints the sums of its rows. */
const READER = `
import json, msgpack, sys
data = msgpack.unpackb(sys.stdin.buffer.read())["MooncakeStoreConnector"]["data"]
print(json.dumps({op: {
  "count": len(rows),
  "keys": sum(int(r["num_keys"]) for r in rows),
  "bytes": sum(int(r["num_bytes"]) for r in rows),
  "failed": sum(int(r["num_failed_keys"]) for r in rows),
  "errors": sum(r["status"] == "error" for r in rows),
  "durations": sorted(r["duration_seconds"] for r in rows),
} for op, rows in data.items()}))
`

test('stats are equal after encoding and decoding, and to stats of the rows of a payload', () => {
  fc.assert(
    fc.property(fc.array(anyRow, { maxLength: 60 }), (rows) => {
      const stats = MooncakeStoreConnectorStats.fromRows(rows)
      const byOperation: Record<string, object[]> = Object.create(null)
      for (const row of rows) {
        byOperation[row.operation] ??= []
        byOperation[row.operation]?.push({
          duration_seconds: row.durationSeconds,
          num_keys: row.numKeys,
          num_bytes: row.numBytes,
          status: row.status,
          num_failed_keys: row.numFailedKeys,
        })
      }
      const decoded = MooncakeStoreConnectorStats.fromRows(byOperation as unknown as PayloadRows)
      const read = MooncakeStoreConnectorStats.fromPayload(stats.toPayload())
      for (const other of [decoded, read]) {
        assert.deepEqual(contentsOf(other), contentsOf(stats))
        assert.deepEqual(other.reduce(), stats.reduce())
      }
      assert.deepEqual(JSON.parse(JSON.stringify(stats)), stats.reduce())
    }),
    { seed: 70, numRuns: 300 },
  )
})

test('a payload has vLLM’s shape, with the counters of a series in its first row', () => {
  const stats = new MooncakeStoreConnectorStats()
  stats.recordOperation('load_get', 0.5, 3, { numBytes: 10 })
  stats.recordOperation('load_get', 0.25, 2, { numBytes: 1 })
  stats.recordOperation('load_get', 1, 4, { status: 'error', numFailedKeys: 4 })
  const row = (duration: number, keys: number, bytes: number, status: string, failed: number) => ({
    duration_seconds: duration,
    status,
    num_keys: keys,
    num_bytes: bytes,
    num_failed_keys: failed,
  })
  assert.deepEqual(new Unpackr({ useRecords: false }).unpack(stats.toPayload()), {
    MooncakeStoreConnector: {
      data: {
        load_get: [row(0.5, 5, 11, 'ok', 0), row(0.25, 0, 0, 'ok', 0), row(1, 4, 0, 'error', 4)],
      },
    },
  })
})

test('past the limit on kept durations, a payload has durations of the bins', () => {
  const stats = new MooncakeStoreConnectorStats({ exactRowsMax: 5 })
  for (let row = 0; row < 100; row++) stats.recordOperation('op', 0.001 * (row + 1), 1)
  const read = MooncakeStoreConnectorStats.fromPayload(stats.toPayload())
  assert.equal(read.rows, 100)
  assert.equal(read.reduce().op_total_keys, 100)
  const [before, after] = [stats.reduce().op_avg_ms ?? 0, read.reduce().op_avg_ms ?? 0]
  assert.ok(Math.abs(after - before) <= 0.016 * before, `${after} for ${before}`)
})

test('counters past the limit of a row are spread over the rows of a payload', () => {
  const stats = new MooncakeStoreConnectorStats()
  for (let row = 0; row < 3; row++) stats.recordOperation('op', 0.5, 2 ** 64, { numBytes: 2 ** 63 })
  const read = MooncakeStoreConnectorStats.fromPayload(stats.toPayload())
  assert.deepEqual(contentsOf(read), contentsOf(stats))
  assert.equal(read.reduce().op_total_keys, 3 * 2 ** 64)
})

test('malformed rows are rejected', () => {
  const wrong: readonly [unknown, RejectionReason][] = [
    [null, 'shape'],
    [undefined, 'shape'],
    [5, 'shape'],
    [{ op: 3 }, 'type'],
    [{ op: [3] }, 'shape'],
    [{ op: [{ num_keys: 1 }] }, 'type'],
    [{ op: [{ duration_seconds: -1, num_keys: 1 }] }, 'range'],
  ]
  for (const [rows, reason] of wrong) {
    const make = () => MooncakeStoreConnectorStats.fromRows(rows as never)
    assert.throws(make, failure('INVALID_PAYLOAD', reason), JSON.stringify(rows))
  }
  const make = () => MooncakeStoreConnectorStats.fromRows([{ operation: 'op' } as never])
  assert.throws(make, failure('INVALID_ROW'))
})

test('Python reads the payloads of all reference cases', { skip: SKIP }, () => {
  for (const { name, frames } of referenceCases()) {
    const stats = new MooncakeStoreConnectorStats()
    for (const { msgpack_hex } of frames) {
      stats.aggregate(MooncakeStoreConnectorStats.fromPayload(Buffer.from(msgpack_hex, 'hex')))
    }
    const { stdout, stderr } = spawnSync(PYTHON ?? 'python3', ['-c', READER], {
      input: stats.toPayload(),
    })
    assert.equal(String(stderr), '', name)
    const read = JSON.parse(String(stdout))
    const figures = stats.reduce()
    for (const operation of stats.operations()) {
      const rows = frames.flatMap(({ data }) => data[operation] ?? [])
      const { count, keys, failed, errors, durations } = read[operation]
      assert.equal(count, rows.length, name)
      assert.deepEqual(
        durations,
        rows.map((row) => row.duration_seconds).sort((left, right) => left - right),
      )
      if (count === 0) continue
      assert.equal(keys, figures[`${operation}_total_keys`], name)
      assert.equal(failed, figures[`${operation}_failed_keys`], name)
      assert.equal(errors, figures[`${operation}_error_count`], name)
    }
  }
})
