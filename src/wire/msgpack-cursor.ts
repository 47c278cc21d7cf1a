import { isUtf8 } from 'node:buffer'
import { rejection } from './rejection.js'

/** What a value is; `number` is any integer or float. */
export type ValueKind =
  | 'nil'
  | 'boolean'
  | 'number'
  | 'string'
  | 'binary'
  | 'array'
  | 'map'
  | 'extension'

/**
 * Reads MessagePack value by value, from memory that does not change meanwhile. It skips any value in
 * linear time, without recursion, and builds nothing of it.
 *
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export class MsgpackCursor {
  readonly bytes: Buffer
  readonly #end: number
  /** Where the next value begins; after `next`, where the content of the value begins. */
  at = 0
  /** Of the value that `next` came to: bytes of its content, or members of an array or a map. */
  size = 0
  /** The first byte of that value. */
  #type = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.#end = bytes.length
  }

  get isAtEnd(): boolean {
    return this.at === this.#end
  }

  /** @throws MoonmeterError `INVALID_PAYLOAD`, reason `malformed`, where more bytes follow */
  assertEnd(): void {
    if (this.isAtEnd) return
    throw rejection('malformed', `one value of ${this.at} bytes`, this.bytes)
  }

  /**
   * Go to the content of the next value. All of the content is there, where it is no array or map;
   * of those, at least one byte for each member is there.
   *
   * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `truncated` and `malformed`
   */
  next(): ValueKind {
    this.#require(1)
    const type = this.bytes[this.at++]
    this.#type = type
    if (type <= 0x7f || type >= 0xe0) return this.#content('number', 0)
    if (type <= 0x8f) return this.#members('map', type & 0x0f)
    if (type <= 0x9f) return this.#members('array', type & 0x0f)
    if (type <= 0xbf) return this.#content('string', type & 0x1f)
    // The types of a kind differ in how many bytes a number has, or a length before the content.
    if (type === 0xc0) return this.#content('nil', 0)
    if (type === 0xc1) {
      throw rejection('malformed', 'no byte 0xc1, which MessagePack never uses', this.bytes)
    }
    if (type <= 0xc3) return this.#content('boolean', 0)
    if (type <= 0xc6) return this.#content('binary', this.#length(1 << (type - 0xc4)))
    // A byte names the type of an extension.
    if (type <= 0xc9) return this.#content('extension', 1 + this.#length(1 << (type - 0xc7)))
    if (type <= 0xcb) return this.#content('number', 4 << (type - 0xca)) // floats
    if (type <= 0xcf) return this.#content('number', 1 << (type - 0xcc)) // without a sign
    if (type <= 0xd3) return this.#content('number', 1 << (type - 0xd0)) // with a sign
    if (type <= 0xd8) return this.#content('extension', 1 + (1 << (type - 0xd4)))
    if (type <= 0xdb) return this.#content('string', this.#length(1 << (type - 0xd9)))
    if (type <= 0xdd) return this.#members('array', this.#length(2 << (type - 0xdc)))
    return this.#members('map', this.#length(2 << (type - 0xde)))
  }

  /**
   * Go past the next value, whatever it holds.
   *
   * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `truncated` and `malformed`
   */
  skip(): void {
    let pending = 1
    while (pending > 0) {
      const kind = this.next()
      pending--
      if (kind === 'array') pending += this.size
      else if (kind === 'map') pending += 2 * this.size
      else this.at += this.size
    }
  }

  /** Go past the next value, whatever it holds; returns whether it is this ASCII text. */
  skipIsText(text: string): boolean {
    const start = this.at
    const isEqual = this.next() === 'string' && this.contentIs(text)
    this.at = start
    this.skip()
    return isEqual
  }

  /** Whether the content of the string that `next` came to is this ASCII text. */
  contentIs(text: string): boolean {
    if (this.size !== text.length) return false
    for (let index = 0; index < text.length; index++) {
      if (this.bytes[this.at + index] !== text.charCodeAt(index)) return false
    }
    return true
  }

  /**
   * The text of the string that `next` came to.
   *
   * @throws MoonmeterError `INVALID_PAYLOAD`, as `skipText`
   */
  takeText(): string {
    const start = this.at
    return this.bytes.toString(this.skipText() ? 'latin1' : 'utf8', start, this.at)
  }

  /**
   * Go past the content of the string that `next` came to.
   *
   * @returns whether it is ASCII
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `malformed`, where it is not UTF-8: two texts
   * that are not may be equal after decoding
   */
  skipText(): boolean {
    const { bytes, at } = this
    const end = at + this.size
    this.at = end
    for (let index = at; index < end; index++) {
      if (bytes[index] < 0x80) continue
      if (isUtf8(bytes.subarray(index, end))) return false
      throw rejection('malformed', 'strings in UTF-8', bytes)
    }
    return true
  }

  /** The number that `next` came to; past 2^53 the nearest. */
  takeNumber(): number {
    const { at, size, bytes } = this
    const type = this.#type
    this.at += size
    // The type byte of a small integer is its value; the upper ones are those from -32 to -1.
    if (size === 0) return type <= 0x7f ? type : type - 256
    if (type === 0xca) return bytes.readFloatBE(at)
    if (type === 0xcb) return bytes.readDoubleBE(at)
    if (type === 0xcf) return Number(bytes.readBigUInt64BE(at))
    if (type === 0xd3) return Number(bytes.readBigInt64BE(at))
    return type < 0xd0 ? bytes.readUIntBE(at, size) : bytes.readIntBE(at, size)
  }

  #content(kind: ValueKind, size: number): ValueKind {
    this.size = size
    this.#require(size)
    return kind
  }

  #members(kind: 'array' | 'map', size: number): ValueKind {
    this.size = size
    this.#require(kind === 'map' ? 2 * size : size)
    return kind
  }

  #length(bytes: number): number {
    this.#require(bytes)
    const { at } = this
    this.at += bytes
    if (bytes === 1) return this.bytes[at]
    return bytes === 2 ? this.bytes.readUInt16BE(at) : this.bytes.readUInt32BE(at)
  }

  #require(bytes: number): void {
    if (this.at + bytes <= this.#end) return
    throw rejection('truncated', 'a value that ends within the bytes', this.bytes)
  }
}
