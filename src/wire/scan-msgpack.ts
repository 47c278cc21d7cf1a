import { isUtf8 } from 'node:buffer'
import type { RejectionReason } from '../errors.js'

/** Levels that the deepest payload has: wrapped rows, `{connector: {data: {op: [{field: v}]}}}`. */
const DEPTH_MAX = 5

/** Why bytes are not one sound value. */
export class ScanProblem extends Error {
  readonly reason: RejectionReason

  constructor(reason: RejectionReason, expected: string) {
    super(expected)
    this.reason = reason
  }
}

/**
 * The end of the value that starts at `start`. All of the value is checked and none of it is built:
 * decoders make objects of extension types, keep the last of equal keys, and recurse as deep as the
 * bytes say.
 *
 * @throws ScanProblem for bytes that end too soon, an extension type, a key that is no string or
 * comes twice, or more than `DEPTH_MAX` levels
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export function scanValue(bytes: Uint8Array, start: number): number {
  return new Scanner(bytes).value(start, 0)
}

class Scanner {
  readonly #bytes: Uint8Array
  readonly #buffer: Buffer

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** The end of the value at `at`, which is inside `depth` others. */
  value(at: number, depth: number): number {
    this.#require(at, 1)
    const type = this.#bytes[at]
    if (type <= 0x7f || type >= 0xe0) return at + 1
    if (type <= 0x8f) return this.#map(at + 1, type & 0x0f, depth)
    if (type <= 0x9f) return this.#array(at + 1, type & 0x0f, depth)
    if (type <= 0xbf) return this.#string(at + 1, type & 0x1f)
    switch (type) {
      case 0xc0: // nil
      case 0xc2: // false
      case 0xc3: // true
        return at + 1
      case 0xc4: // bin 8
        return this.#skip(at + 2, this.#length(at + 1, 1))
      case 0xc5: // bin 16
        return this.#skip(at + 3, this.#length(at + 1, 2))
      case 0xc6: // bin 32
        return this.#skip(at + 5, this.#length(at + 1, 4))
      case 0xd9: // str 8
        return this.#string(at + 2, this.#length(at + 1, 1))
      case 0xda: // str 16
        return this.#string(at + 3, this.#length(at + 1, 2))
      case 0xdb: // str 32
        return this.#string(at + 5, this.#length(at + 1, 4))
      case 0xcc: // uint 8
      case 0xd0: // int 8
        return this.#skip(at + 1, 1)
      case 0xcd: // uint 16
      case 0xd1: // int 16
        return this.#skip(at + 1, 2)
      case 0xca: // float 32
      case 0xce: // uint 32
      case 0xd2: // int 32
        return this.#skip(at + 1, 4)
      case 0xcb: // float 64
      case 0xcf: // uint 64
      case 0xd3: // int 64
        return this.#skip(at + 1, 8)
      case 0xdc: // array 16
        return this.#array(at + 3, this.#length(at + 1, 2), depth)
      case 0xdd: // array 32
        return this.#array(at + 5, this.#length(at + 1, 4), depth)
      case 0xde: // map 16
        return this.#map(at + 3, this.#length(at + 1, 2), depth)
      case 0xdf: // map 32
        return this.#map(at + 5, this.#length(at + 1, 4), depth)
      case 0xc1:
        throw new ScanProblem('malformed', 'no byte 0xc1, which MessagePack never uses')
      default:
        throw new ScanProblem('extension', 'no extension types')
    }
  }

  #array(at: number, length: number, depth: number): number {
    this.#enter(at, length, depth)
    let end = at
    for (let index = 0; index < length; index++) end = this.value(end, depth + 1)
    return end
  }

  #map(at: number, length: number, depth: number): number {
    this.#enter(at, 2 * length, depth)
    const keys = new Set<string>()
    let end = at
    for (let index = 0; index < length; index++) {
      const keyEnd = this.#key(end, keys)
      end = this.value(keyEnd, depth + 1)
    }
    return end
  }

  #key(at: number, keys: Set<string>): number {
    this.#require(at, 1)
    const type = this.#bytes[at]
    const isString = (type >= 0xa0 && type <= 0xbf) || (type >= 0xd9 && type <= 0xdb)
    if (!isString) throw new ScanProblem('type', 'the keys of maps to be strings')
    const end = this.value(at, 0)
    const header = type <= 0xbf ? 1 : 1 + 2 ** (type - 0xd9)
    const key = this.#buffer.toString('latin1', at + header, end)
    if (keys.has(key)) throw new ScanProblem('duplicate', 'each key of a map once')
    keys.add(key)
    return end
  }

  /** Check the depth and length of an array or a map: each member takes at least one byte. */
  #enter(at: number, members: number, depth: number): void {
    if (depth >= DEPTH_MAX) throw new ScanProblem('nested', `at most ${DEPTH_MAX} levels`)
    this.#require(at, members)
  }

  /** Strings have to be UTF-8: two that are not may be equal after decoding. */
  #string(at: number, length: number): number {
    const end = this.#skip(at, length)
    for (let index = at; index < end; index++) {
      if (this.#bytes[index] < 0x80) continue
      if (isUtf8(this.#bytes.subarray(index, end))) break
      throw new ScanProblem('malformed', 'strings in UTF-8')
    }
    return end
  }

  #skip(at: number, length: number): number {
    this.#require(at, length)
    return at + length
  }

  #length(at: number, bytes: 1 | 2 | 4): number {
    this.#require(at, bytes)
    if (bytes === 1) return this.#bytes[at]
    return bytes === 2 ? this.#buffer.readUInt16BE(at) : this.#buffer.readUInt32BE(at)
  }

  #require(at: number, length: number): void {
    if (at + length <= this.#bytes.length) return
    throw new ScanProblem('truncated', 'a value that ends within the bytes')
  }
}
