import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { EngineAggregator, MooncakeStoreConnectorStats } from '../../src/index.js'
import { Random } from '../../src/simulate/random.js'
import { decodePayload, PAYLOAD_BYTES_MAX } from '../../src/wire/payload.js'
import { busyMs } from '../support/assertions/busy-ms.js'
import { failure } from '../support/assertions/failures.js'
import {
  array,
  type Bytes,
  type Entries,
  extension,
  map,
  nested,
  plain,
  randomValue,
  wide,
} from '../support/generators/msgpack-bytes.js'

interface Frame {
  readonly name: string
  readonly msgpack_hex: string
  readonly expect: Readonly<Record<string, Readonly<Record<string, number>>>>
}

const GOLDEN = new URL('../../../test/fixtures/multi-connector.json', import.meta.url)
const FIELDS = { duration_seconds: 0.25, num_keys: 3, num_bytes: 4096, status: 'ok' }
const fields = Object.entries(FIELDS).map(([name, value]) => [plain(name), plain(value)] as const)
const ROW = map(...fields)
const OURS = plain('MooncakeStoreConnector')
const DATA = plain('data')
/** A payload of vLLM's other connector: the labels are a tuple, packed as an array. */
const OFFLOADING = map([
  DATA,
  map(
    [plain('types'), map([plain('c'), plain('counter')])],
    [DATA, map([plain('c'), map([array(), plain(5)])])],
  ),
])
const FOREIGN: Readonly<Record<string, Bytes>> = {
  'arrays, numbers, nil, maps and extensions as keys': map(
    [array(plain(1)), plain(1)],
    [plain(7), plain(1)],
    [plain(null), plain(1)],
    [map(), map([array(), nested(9)])],
    [extension(0x72, plain(1)), plain(1)],
  ),
  'the same key twice': map([plain('a'), plain(1)], [plain('a'), plain(2)]),
  'extension types that a decoder fails on': array(
    extension(0x78, plain(['(', 'zz'])),
    extension(0x65, plain(1)),
    Buffer.from('d67000000001', 'hex'),
  ),
  'strings that are not UTF-8': array(Buffer.of(0xa1, 0xff)),
  'a report': plain({ moonmeter_report: 3 }),
  'an array of numbers': plain([1, 2]),
  'an array': array(),
  'a number': plain(5),
  nothing: plain(null),
  'what current vLLM sends': OFFLOADING,
}
/** Payloads of operations in each shape, with foreign entries where the shape allows them. */
const SHAPES: Readonly<Record<string, (operations: Entries, foreign: Entries) => Bytes>> = {
  bare: (operations, foreign) => map(...operations, ...foreign),
  wrapped: (operations, foreign) =>
    map(
      [OURS, map([plain('types'), foreign[0]?.[1] ?? plain(1)], [DATA, map(...operations)])],
      ...foreign,
    ),
  'wrapped flat': (operations, foreign) => map(...foreign, [OURS, map(...operations)]),
}

function contents(bytes: Bytes) {
  const stats = MooncakeStoreConnectorStats.fromPayload(bytes)
  return [...stats.series()].map(({ operation, status, stats: { rows, counts } }) => [
    `${operation} ${status}`,
    { count: rows, keys: counts.numKeys, bytes: counts.numBytes, failed: counts.numFailedKeys },
  ])
}

const COUNTED = [['save_put ok', { count: 1, keys: 3, bytes: 4096, failed: 0 }]]

test('frames of vLLM with other connectors are counted as in the reference', async () => {
  const frames: readonly Frame[] = JSON.parse(readFileSync(GOLDEN, 'utf8'))
  assert.ok(frames.length > 0)
  for (const { name, msgpack_hex, expect } of frames) {
    const bytes = Buffer.from(msgpack_hex, 'hex')
    assert.deepEqual(Object.fromEntries(contents(bytes)), expect, name)
    const aggregator = new EngineAggregator()
    assert.deepEqual(aggregator.ingest(bytes, { engine: 0 }), { accepted: true }, name)
    await aggregator.close()
  }
})

test('entries of other connectors are skipped in every shape, with any content', () => {
  for (const [shape, make] of Object.entries(SHAPES)) {
    for (const [what, value] of Object.entries(FOREIGN)) {
      for (const name of ['OffloadingConnector', 'LMCacheConnectorV1']) {
        const bytes = make([[plain('save_put'), array(ROW)]], [[plain(name), value]])
        assert.deepEqual(contents(bytes), COUNTED, `${shape}, ${name}: ${what}`)
      }
    }
  }
})

test('unknown fields of a row are skipped in every shape, with any keys and values', () => {
  for (const [shape, make] of Object.entries(SHAPES)) {
    for (const [what, value] of Object.entries(FOREIGN)) {
      const more: Entries = [
        [plain('tags'), value],
        [plain('tags'), value],
        [value, plain(1)],
      ]
      const bytes = make([[plain('save_put'), array(map(...more, ...fields, ...more))]], [])
      assert.deepEqual(contents(bytes), COUNTED, `${shape}: ${what}`)
    }
  }
})

test('random foreign values of every kind are skipped, and rejected if truncated', () => {
  const random = new Random(9, 0)
  for (let round = 0; round < 400; round++) {
    const value = randomValue(random)
    const row = map([randomValue(random), value], ...fields, [plain('more'), randomValue(random)])
    for (const [shape, make] of Object.entries(SHAPES)) {
      const hex = `${shape}: ${Buffer.from(value).toString('hex')}`
      const foreign: Entries = [[plain('NixlConnector'), map([value, value])]]
      const bytes = make([[plain('save_put'), array(row)]], foreign)
      assert.deepEqual(contents(bytes), COUNTED, hex)
      const cut = bytes.subarray(0, random.below(bytes.length))
      assert.throws(() => decodePayload(cut), failure('INVALID_PAYLOAD', 'truncated'), hex)
    }
  }
})

test('a byte that MessagePack never uses is rejected in a foreign entry, too', () => {
  for (const make of Object.values(SHAPES)) {
    const foreign: Entries = [[plain('NixlConnector'), Buffer.of(0x91, 0xc1)]]
    const bytes = make([[plain('save_put'), array(ROW)]], foreign)
    assert.throws(() => decodePayload(bytes), failure('INVALID_PAYLOAD', 'malformed'))
  }
})

test('foreign entries of any depth within the size limit are skipped in little time', async () => {
  for (const value of [nested(500_000), wide(200_000)]) {
    for (const [shape, make] of Object.entries(SHAPES)) {
      const inEntry = make([[plain('save_put'), array(ROW)]], [[plain('NixlConnector'), value]])
      const inRow = make([[plain('save_put'), array(map([plain('x'), value], ...fields))]], [])
      for (const bytes of [inEntry, inRow]) {
        // The wrapped shape holds the foreign value twice.
        const payloadBytesMax = 2 * PAYLOAD_BYTES_MAX
        const decode = () => decodePayload(bytes, { payloadBytesMax })
        const ms = await busyMs(decode)
        const payload = decode()
        assert.ok(payload.kind === 'rows' && payload.stats.rows === 1, shape)
        assert.ok(ms < 1_000, `${shape}: ${ms} ms`)
      }
    }
  }
})

test('known entries are validated strictly next to foreign entries', () => {
  const twice = map(...fields, [plain('num_keys'), plain(3)])
  const strange = map(...fields.slice(0, 2), [plain('status'), extension(1, plain('ok'))])
  const cases: readonly (readonly [Entries, Parameters<typeof failure>[1]])[] = [
    [
      [
        [plain('op'), array()],
        [plain('op'), array()],
      ],
      'duplicate',
    ],
    [[[plain('op'), array(twice)]], 'duplicate'],
    [[[Buffer.of(0xa1, 0xff), array(ROW)]], 'malformed'],
    [
      [[plain('op'), array(map(...fields.slice(0, 2), [plain('status'), Buffer.of(0xa1, 0xff)]))]],
      'malformed',
    ],
    [[[plain('op'), array(strange)]], 'extension'],
    [[[plain('op'), array(ROW, plain(1))]], 'shape'],
    [[[plain('op'), plain({ a: 1 })]], 'type'],
    [[[plain(1), array()]], 'type'],
    [[[plain('op'), array(map(fields[0]))]], 'type'],
  ]
  for (const [shape, make] of Object.entries(SHAPES)) {
    for (const [operations, reason] of cases) {
      const bytes = make(operations, [[plain('OffloadingConnector'), OFFLOADING]])
      const refused = failure('INVALID_PAYLOAD', reason)
      assert.throws(() => decodePayload(bytes), refused, `${shape}: ${reason}`)
    }
  }
  const data = [DATA, map()] as const
  const doubled = [map([OURS, map(data)], [OURS, map()]), map([OURS, map(data, data)])]
  for (const bytes of doubled) {
    assert.throws(() => decodePayload(bytes), failure('INVALID_PAYLOAD', 'duplicate'))
  }
})
