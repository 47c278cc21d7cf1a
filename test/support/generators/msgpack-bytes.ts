import type { Random } from '../../../src/simulate/random.js'
import { pack } from '../../../src/wire/msgpack.js'

/** MessagePack that packers do not write: any keys, including duplicates. */
export type Bytes = Uint8Array
/** Keys with their values. */
export type Entries = readonly (readonly [key: Bytes, value: Bytes])[]

/** A map of these keys and values in this order. */
export function map(...entries: Entries): Bytes {
  return Buffer.concat([head(0xdf, entries.length), ...entries.flat()])
}

export function array(...members: readonly Bytes[]): Bytes {
  return Buffer.concat([head(0xdd, members.length), ...members])
}

/** MessagePack as any packer writes it: strings, numbers, nil, rows. */
export function plain(value: unknown): Bytes {
  return pack(value)
}

/** A value of an extension type with this content. */
export function extension(type: number, content: Bytes): Bytes {
  return Buffer.concat([Buffer.of(0xc7, content.length, type), content])
}

/** Nested arrays. */
export function nested(depth: number): Bytes {
  const bytes = Buffer.alloc(depth + 1, 0x91)
  bytes[depth] = 0xc0
  return bytes
}

/** A map with the same entry many times. */
export function wide(entries: number): Bytes {
  return Buffer.concat([head(0xdf, entries), Buffer.alloc(2 * entries, 1)])
}

/** Scalars of every type, including some that decoders convert to objects or reject. */
const SCALARS: readonly Bytes[] = [
  ...[null, true, false, 0, -1, 127, 200, -200, 70_000, -70_000, 2 ** 40, 1.5, Number.NaN].map(
    plain,
  ),
  ...[1n << 63n, -(1n << 62n), '', 'data', 'é', 'x'.repeat(40), 'y'.repeat(300)].map(plain),
  plain(new Uint8Array(300)),
  // Strings that are not UTF-8.
  Buffer.of(0xa2, 0xff, 0xfe),
  Buffer.of(0xd9, 1, 0x80),
  // float 32, and integers longer than they need to be
  Buffer.from('ca7fc00000', 'hex'),
  Buffer.from('d3ffffffffffffffff', 'hex'),
  // fixext 1 to 16: a record of msgpackr, a date, a reference to itself
  Buffer.of(0xd4, 0x72, 0x40),
  Buffer.from('d6ff00000000', 'hex'),
  Buffer.from('d67000000001', 'hex'),
  Buffer.from('d700ffffffffffffffff', 'hex'),
  Buffer.concat([Buffer.of(0xd8, 5), Buffer.alloc(16)]),
  // A regular expression that does not compile, an error, a set
  extension(0x78, plain(['(', 'zz'])),
  extension(0x65, plain(['Error', 'x', null])),
  extension(0x73, plain([1])),
  Buffer.concat([Buffer.from('c8000001', 'hex')]),
]

/**
 * Any well-formed value: maps with any keys, including duplicates, extension types, strings that
 * are not UTF-8.
 */
export function randomValue(random: Random, depth = 0): Bytes {
  const kind = random.below(depth < 6 ? 5 : 2)
  const members = () =>
    Array.from({ length: random.below(5) }, () => randomValue(random, depth + 1))
  if (kind < 2) return SCALARS[random.below(SCALARS.length)]
  if (kind === 2) return array(...members())
  const entries = members().map((value) => [randomValue(random, depth + 2), value] as const)
  return kind === 3 ? map(...entries) : map(...entries, ...entries)
}

function head(type: number, length: number): Bytes {
  const bytes = Buffer.alloc(5)
  bytes[0] = type
  bytes.writeUInt32BE(length, 1)
  return bytes
}
