import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { MoonmeterError } from '../../src/errors.js'
import { decodePayload } from '../../src/wire/payload.js'
import { busyMs } from '../support/assertions/busy-ms.js'
import { contentsOf } from '../support/assertions/contents.js'
import { failure } from '../support/assertions/failures.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

const ROWS = new Packr({ useRecords: false }).pack({
  load_get: [{ duration_seconds: 0.25, num_keys: 3, num_bytes: 70_000, status: 'ok' }],
  'an operation of a long name, longer than what msgpackr reads byte by byte itself': [],
})
const REPORT = reportBytes({
  series: [seriesWithRows(300), seriesWithRows(2, 'save_put', 'error')],
})

/** Whether a payload is decoded, or rejected with a valid reason; fails for any other outcome. */
function isRead(bytes: Uint8Array): boolean {
  try {
    decodePayload(bytes)
    return true
  } catch (error) {
    const known = error instanceof MoonmeterError && error.code === 'INVALID_PAYLOAD'
    if (!known || error.reason === undefined) throw error
    assert.ok(error.message.length < 700, error.message)
    assert.ok(!error.message.includes('\n'), error.message)
    return false
  }
}

test('every truncated payload is rejected as truncated', () => {
  for (const payload of [ROWS, REPORT]) {
    assert.ok(isRead(payload))
    for (let length = 0; length < payload.length; length++) {
      const cut = Uint8Array.prototype.slice.call(payload, 0, length)
      const refused = failure('INVALID_PAYLOAD', 'truncated')
      assert.throws(() => decodePayload(cut), refused, `${length} bytes`)
    }
  }
})

test('a view of a larger buffer is decoded to its own end only', () => {
  const padded = Buffer.concat([Buffer.alloc(3, 0xff), ROWS, Buffer.alloc(9, 0x01)])
  const view = new Uint8Array(padded.buffer, padded.byteOffset + 3, ROWS.length)
  assert.ok(isRead(view))
  const cut = new Uint8Array(padded.buffer, padded.byteOffset + 3, ROWS.length - 1)
  assert.throws(() => decodePayload(cut), failure('INVALID_PAYLOAD', 'truncated'))
})

test('bytes after the payload are rejected as malformed', () => {
  for (const payload of [ROWS, REPORT]) {
    const bytes = Buffer.concat([payload, Buffer.of(0)])
    assert.throws(() => decodePayload(bytes), failure('INVALID_PAYLOAD', 'malformed'))
  }
})

test('a payload past the limit is rejected by its size only, and one at the limit is decoded', () => {
  const bytes = Buffer.alloc(1_048_577, 0xff)
  assert.throws(() => decodePayload(bytes), failure('INVALID_PAYLOAD', 'oversized'))
  const payloadBytesMax = ROWS.length
  assert.equal(decodePayload(ROWS, { payloadBytesMax }).kind, 'rows')
  assert.throws(
    () => decodePayload(ROWS, { payloadBytesMax: payloadBytesMax - 1 }),
    failure('INVALID_PAYLOAD', 'oversized'),
  )
})

test('a value that is not bytes is rejected', () => {
  for (const wrong of ['text', null, undefined, 5, {}, [1], new ArrayBuffer(4), new Map()]) {
    assert.throws(() => decodePayload(wrong as never), failure('INVALID_PAYLOAD', 'type'))
  }
})

test('random bytes and random changes of valid payloads are decoded or rejected', () => {
  const change = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }) })
  const changed = fc
    .tuple(fc.constantFrom(ROWS, REPORT), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([payload, changes]) => {
      const bytes = Uint8Array.from(payload)
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte
      return bytes
    })
  const random = fc.uint8Array({ maxLength: 60 })
  const answers = new Set<boolean>()
  fc.assert(
    fc.property(fc.oneof(changed, random), (bytes) => {
      answers.add(isRead(bytes))
    }),
    { seed: 34, numRuns: 20_000 },
  )
  assert.deepEqual([...answers].sort(), [false, true])
  // A valid payload is still decoded correctly afterwards.
  const payload = decodePayload(ROWS)
  assert.ok(payload.kind === 'rows')
  assert.deepEqual(payload.stats.reduce().load_get_total_bytes, 70_000)
  assert.equal(contentsOf(payload.stats).size, 1)
})

test('a small payload of values that refer to each other is rejected quickly', async () => {
  // Extension 'i' names a value and 'p' refers to it: 4,000 operations share 8,000 rows.
  const row = Buffer.from('82b06475726174696f6e5f7365636f6e647301a86e756d5f6b65797301', 'hex')
  const id = (number: number) => Buffer.of(0xd6, 0x69, 0, 0, 0, number)
  const pointer = (number: number) => Buffer.of(0xd6, 0x70, 0, 0, 0, number)
  const rows = [id(1), Buffer.of(0xdc, 0x1f, 0x40), id(2), row]
  for (let index = 1; index < 8_000; index++) rows.push(pointer(2))
  const operations: Buffer[] = []
  for (let index = 0; index < 4_000; index++) {
    operations.push(Buffer.of(0xa2, 0x30 + (index >> 6), 0x30 + (index & 63)))
    operations.push(index === 0 ? Buffer.concat(rows) : pointer(1))
  }
  const bytes = Buffer.concat([Buffer.of(0xde, 0x0f, 0xa0), ...operations])
  assert.ok(bytes.length < 100_000)
  const ms = await busyMs(() => assert.throws(() => decodePayload(bytes), MoonmeterError))
  assert.ok(ms < 2_000, `${ms} ms`)
})
