import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MoonmeterError } from '../../src/index.js'
import { ENTRY_KEYS_MAX, encodeRows, readRows } from '../../src/nats/rows-entry.js'
import { BODY_BYTES, DIGEST_BYTES, type KeptKey, NO_BODY } from '../../src/payloads/recent-keys.js'
import { writeFloats } from '../../src/wire/binary.js'
import { pack } from '../../src/wire/msgpack.js'
import { reportBytes } from '../support/generators/reports.js'

const CREATED_MS = 1_000
const digestsOf = (length: number) =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((bytes) => Buffer.from(bytes).toString('latin1'))
const digests = digestsOf(DIGEST_BYTES)
const keys: fc.Arbitrary<KeptKey[]> = fc.array(
  fc.record(
    {
      digest: digests,
      body: digestsOf(BODY_BYTES),
      timeMs: fc.double({ min: 1, max: 2 ** 53, noNaN: true }),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 20 },
)

test('decoding an encoded entry returns its keys and its report', () => {
  fc.assert(
    fc.property(keys, fc.uint8Array(), (known, report) => {
      const entry = readRows(encodeRows({ keys: known, report }), CREATED_MS)
      assert.deepEqual(entry.keys, known)
      assert.deepEqual([...entry.report], [...report])
    }),
    { seed: 1, numRuns: 500 },
  )
})

test('new keys have the time at which the server stored the entry', () => {
  const [digest] = fc.sample(digests, { seed: 1, numRuns: 1 })
  const key = { digest, body: 'body' }
  const value = encodeRows({ keys: [{ ...key, timeMs: 0 }], report: new Uint8Array() })
  assert.deepEqual(readRows(value, CREATED_MS).keys, [{ ...key, timeMs: CREATED_MS }])
})

test('an inconsistent entry, or one that is too long, is rejected', () => {
  const good = {
    moonmeter_rows: 1,
    keys: new Uint8Array(DIGEST_BYTES),
    times: writeFloats([5]),
    report: reportBytes(),
  }
  // An aggregator that does not know the digests of payloads writes none.
  assert.deepEqual(
    readRows(pack(good), CREATED_MS).keys.map(({ body }) => body),
    [NO_BODY],
  )
  const many = ENTRY_KEYS_MAX + 1
  const bad: readonly (readonly [object, string])[] = [
    [{ moonmeter_rows: 2 }, 'version'],
    [{ moonmeter_rows: null }, 'version'],
    [{ keys: new Uint8Array(DIGEST_BYTES + 1) }, 'range'],
    [{ keys: new Uint8Array() }, 'range'],
    [{ keys: 'text' }, 'type'],
    [{ times: new Uint8Array(7) }, 'range'],
    [{ times: writeFloats([5, 5]) }, 'range'],
    [{ times: writeFloats([-1]) }, 'range'],
    [{ times: writeFloats([Number.NaN]) }, 'range'],
    [{ times: writeFloats([Number.POSITIVE_INFINITY]) }, 'range'],
    [{ bodies: new Uint8Array(BODY_BYTES + 1) }, 'range'],
    [{ bodies: new Uint8Array() }, 'range'],
    [{ bodies: 'text' }, 'type'],
    [{ report: 'text' }, 'type'],
    [{ report: null }, 'type'],
    [{ keys: new Uint8Array(many * DIGEST_BYTES), times: new Uint8Array(many * 8) }, 'range'],
  ]
  for (const [fields, reason] of bad) {
    assert.throws(
      () => readRows(pack({ ...good, ...fields }), CREATED_MS),
      (error) => error instanceof MoonmeterError && error.reason === reason,
      JSON.stringify(fields).slice(0, 80),
    )
  }
})

test('changed bytes are read or rejected, without another error', () => {
  const [known] = fc.sample(keys, { seed: 3, numRuns: 1 })
  const value = encodeRows({ keys: known, report: reportBytes() })
  const changes = fc.array(fc.tuple(fc.nat({ max: value.length - 1 }), fc.nat({ max: 255 })), {
    minLength: 1,
    maxLength: 4,
  })
  let rejected = 0
  fc.assert(
    fc.property(changes, fc.nat({ max: value.length }), (changed, length) => {
      const bytes = new Uint8Array(value)
      for (const [at, byte] of changed) bytes[at] = byte
      for (const one of [bytes, bytes.subarray(0, length)]) {
        try {
          assert.ok(readRows(one, CREATED_MS).keys.length <= ENTRY_KEYS_MAX)
        } catch (error) {
          assert.ok(error instanceof MoonmeterError && error.reason !== undefined, String(error))
          rejected++
        }
      }
    }),
    { seed: 4, numRuns: 3_000 },
  )
  assert.ok(rejected > 0)
})
