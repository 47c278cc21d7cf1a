import { readFileSync } from 'node:fs'
import { Packr } from 'msgpackr'
import type { Random } from '../../../src/simulate/random.js'
import { pick, randomBytes } from './draws.js'
import { array, map, plain, randomValue } from './msgpack-bytes.js'
import { reportBytes, seriesWithRows } from './reports.js'

const packr = new Packr({ useRecords: false, variableMapSize: true })
/** Dates, sets, errors and typed arrays as extension types. */
const extending = new Packr({ useRecords: false, moreTypes: true })
/** The engine that the payloads are for. */
export const HOSTILE_ENGINE = 1
/** The rows of a report of that engine that was already accepted. */
export const KNOWN_ROWS = 7
/** Maximum bytes of a payload in the tests with these mutations. */
export const PAYLOAD_BYTES_MAX = 5_000
const SPLICE_BYTES_MAX = 40
const DEPTH_MAX = 40
const STRINGS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '',
  'other',
  'moonmeter_report',
]
const NUMBERS = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -1,
  -0.5,
  -0,
  1e308,
  2 ** 53,
  2 ** 64,
  2 ** 65,
  (1n << 64n) - 1n,
  -(1n << 63n),
  1n << 53n,
]
const EXTENSIONS = [new Date(0), new Set([1]), /x/, new Error('x'), new Float64Array(2), undefined]

function row(fields: object = {}): object {
  return { duration_seconds: 0.5, num_keys: 3, num_bytes: 4_096, status: 'ok', ...fields }
}

function objects(): Record<string, unknown>[] {
  const rows = [row(), row({ status: 'error', num_failed_keys: 3 }), row({ duration_seconds: 2 })]
  return [
    { load_get: rows },
    { load_get: rows.slice(1), save_put: rows, lookup_exists: [] },
    { MooncakeStoreConnector: { data: { load_get: rows } } },
    { MooncakeStoreConnector: { save_put: rows }, OtherConnector: { anything: 1 } },
    { MooncakeStoreConnector: { data: {} } },
  ]
}

function reportsOf(random: Random): Uint8Array {
  const rows = KNOWN_ROWS - 3 + random.below(6)
  const series = [seriesWithRows(rows), seriesWithRows(rows + 2, 'save_put', 'error')]
  return reportBytes({
    engine: HOSTILE_ENGINE,
    incarnation: 1 + random.below(2),
    sequence: 2 + random.below(4),
    series: series.slice(0, 1 + random.below(2)),
  })
}

/** A valid payload of a random shape. */
function validPayload(random: Random): Uint8Array {
  if (random.below(2) === 0) return reportsOf(random)
  return pick(random, VALID_ROWS)
}

const GOLDEN = new URL('../../../../test/fixtures/multi-connector.json', import.meta.url)
const FRAMES: readonly { readonly msgpack_hex: string }[] = JSON.parse(readFileSync(GOLDEN, 'utf8'))
const VALID_ROWS = [
  ...objects().map((object) => new Uint8Array(packr.pack(object))),
  ...FRAMES.map(({ msgpack_hex: hex }) => new Uint8Array(Buffer.from(hex, 'hex'))),
]

type Mutation = (random: Random) => Uint8Array

/** Changes that make a valid payload hostile. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'foreign entries': (random) => {
    const key = () => randomValue(random, 1)
    const fields = Object.entries(row()).map(
      ([name, value]) => [plain(name), plain(value)] as const,
    )
    const rows = array(map([key(), key()], ...fields, [key(), key()]))
    const operations = map([plain('load_get'), rows])
    const own = pick(random, [operations, map([plain('data'), operations], [key(), key()])])
    const entries = [[plain('MooncakeStoreConnector'), own] as const, [key(), key()] as const]
    const bytes = map(...(random.below(2) === 0 ? entries : entries.reverse()))
    if (random.below(4) === 0) bytes[random.below(bytes.length)] = random.below(256)
    return bytes
  },
  'bytes flipped': (random) => {
    const bytes = validPayload(random).slice()
    for (let flips = 1 + random.below(4); flips > 0; flips--) {
      bytes[random.below(bytes.length)] ^= 1 << random.below(8)
    }
    return bytes
  },
  'byte replaced': (random) => {
    const bytes = validPayload(random).slice()
    bytes[random.below(bytes.length)] = random.below(256)
    return bytes
  },
  truncated: (random) => {
    const bytes = validPayload(random)
    return bytes.slice(0, random.below(bytes.length))
  },
  'bytes inserted': (random) => {
    const bytes = validPayload(random)
    const at = random.below(bytes.length + 1)
    return concat(
      bytes.subarray(0, at),
      randomBytes(random, 1 + random.below(8)),
      bytes.subarray(at),
    )
  },
  'bytes removed': (random) => {
    const bytes = validPayload(random)
    const at = random.below(bytes.length)
    return concat(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8)))
  },
  spliced: (random) => {
    const [one, other] = [validPayload(random), validPayload(random)]
    const from = random.below(other.length)
    const at = random.below(one.length)
    const part = other.subarray(from, from + random.below(SPLICE_BYTES_MAX))
    return concat(one.subarray(0, at), part, one.subarray(at + part.length))
  },
  'length changed': (random) => {
    const bytes = validPayload(random).slice()
    const heads = [...bytes.keys()].filter((at) => bytes[at] >= 0x80 && bytes[at] <= 0xdf)
    const at = heads.length > 0 ? pick(random, heads) : 0
    const type = bytes[at]
    if (type < 0xc0) bytes[at] = (type & 0xf0) | random.below(16)
    else bytes[Math.min(at + 1, bytes.length - 1)] = random.below(256)
    return bytes
  },
  'key doubled': (random) => {
    const bytes = pick(random, VALID_ROWS)
    const length = bytes[0] & 0x0f
    return concat(Uint8Array.of(0x80 | (2 * length)), bytes.subarray(1), bytes.subarray(1))
  },
  'extension type': (random) => changed(random, pick(random, EXTENSIONS), extending),
  'deeply nested': (random) => {
    let value: unknown = 1
    for (let depth = 1 + random.below(DEPTH_MAX); depth > 0; depth--) {
      value = random.below(2) === 0 ? [value] : { data: value }
    }
    if (random.below(2) === 0) return changed(random, value, packr)
    return new Uint8Array(packr.pack({ moonmeter_report: 3, series: value }))
  },
  'hostile name': (random) => {
    const name = pick(random, STRINGS)
    const fields = `{"duration_seconds":1,"num_keys":1,${JSON.stringify(name)}:[]}`
    const text = random.below(2) === 0 ? `{"op":[${fields}]}` : `{${JSON.stringify(name)}:1}`
    return new Uint8Array(packr.pack(new Map(Object.entries(JSON.parse(text)))))
  },
  'hostile number': (random) => changed(random, pick(random, NUMBERS), packr),
  'wrong version': (random) =>
    new Uint8Array(packr.pack({ moonmeter_report: pick(random, [0, 1, 3, -1, '2', null, 1.5]) })),
  'wrong shape': (random) =>
    new Uint8Array(packr.pack(pick(random, [null, 1, 'text', [], [{}], true, new Uint8Array(9)]))),
  'too large': (random) => concat(validPayload(random), new Uint8Array(PAYLOAD_BYTES_MAX)),
  backwards: (random) =>
    reportBytes({
      engine: HOSTILE_ENGINE,
      sequence: 3 + random.below(100),
      series: [seriesWithRows(random.below(KNOWN_ROWS))],
    }),
}

/** Random bytes; half of the payloads begin like a valid one. */
export function randomPayload(random: Random): Uint8Array {
  const bytes = randomBytes(random, 1 + random.below(200))
  if (random.below(2) === 0) return bytes
  const head = pick(random, VALID_ROWS)
  return concat(head.subarray(0, 1 + random.below(16)), bytes)
}

/** Payloads of all kinds of mutation in turn. */
export function* mutated(random: Random, count: number): Generator<Uint8Array> {
  const mutations = Object.values(MUTATIONS)
  for (let index = 0; index < count; index++) yield mutations[index % mutations.length](random)
}

/** A payload of rows in which one random value is replaced. */
function changed(random: Random, value: unknown, by: Packr): Uint8Array {
  const root = pick(random, objects())
  let at: Record<string, unknown> = root
  for (;;) {
    const key = pick(random, Object.keys(at))
    const inside = at[key]
    if (
      typeof inside !== 'object' ||
      Object.keys(inside ?? {}).length === 0 ||
      random.below(4) === 0
    ) {
      at[key] = value
      return new Uint8Array(by.pack(root))
    }
    at = inside as Record<string, unknown>
  }
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
