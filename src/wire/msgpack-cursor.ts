import { isUtf8 } from 'node:buffer'
import { rejection } from './rejection.js'

/** The kind of a value; `number` is any integer or float. */
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
 * Reads MessagePack value by value. The memory must not change meanwhile. Skipping a value takes
 * linear time, no recursion and no allocation.
 *
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export class MsgpackCursor {
  readonly bytes: Buffer
  readonly #end: number
  /** Index of the next value; after `next`, index of the content of the value. */
  at = 0
  /** Size of the current value: bytes of its content, or members of an array or a map. */
  size = 0
  /** The first byte of the current value. */
  #type = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.#end = bytes.length
  }

  get isAtEnd(): boolean {
    return this.at === this.#end
  }

  /** @throws MoonmeterError `INVALID_PAYLOAD`, reason `malformed`, if more bytes follow */
  assertEnd(): void {
    if (this.isAtEnd) return
    throw rejection('malformed', `one value of ${this.at} bytes`, this.bytes)
  }

  /**
   * Move to the next value, which becomes the current one, and check that the bytes contain it: all
   * of its content, or at least one byte per member of an array or a map.
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
    // Types of one kind differ in the bytes of the number, or of the length before the content.
    if (type === 0xc0) return this.#content('nil', 0)
    if (type === 0xc1) {
      throw rejection('malformed', 'no byte 0xc1, which MessagePack never uses', this.bytes)
    }
    if (type <= 0xc3) return this.#content('boolean', 0)
    if (type <= 0xc6) return this.#content('binary', this.#length(1 << (type - 0xc4)))
    // An extension has a byte for its type.
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
   * Skip the next value.
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

  /** Skip the next value; returns whether it is this ASCII text. */
  skipIsText(text: string): boolean {
    const start = this.at
    const isEqual = this.next() === 'string' && this.contentIs(text)
    this.at = start
    this.skip()
    return isEqual
  }

  /** Whether the current string is this ASCII text. */
  contentIs(text: string): boolean {
    if (this.size !== text.length) return false
    for (let index = 0; index < text.length; index++) {
      if (this.bytes[this.at + index] !== text.charCodeAt(index)) return false
    }
    return true
  }

  /**
   * The text of the current string; moves past it.
   *
   * @throws MoonmeterError `INVALID_PAYLOAD`, as `skipText`
   */
  takeText(): string {
    const start = this.at
    return this.bytes.toString(this.skipText() ? 'latin1' : 'utf8', start, this.at)
  }

  /**
   * Move past the content of the current string.
   *
   * @returns whether it is ASCII
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `malformed`, if it is not UTF-8: two different
   * invalid strings may be equal after decoding
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

  /** The current number; past 2^53, the nearest float64. */
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
