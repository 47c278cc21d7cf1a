import {
  COUNT_BYTES,
  GROUP_RADIX,
  LENGTH_BYTES,
  VARINT_BYTES_MAX,
  writeCount,
  writeSigned,
  writeVarint,
} from './varint.js'

const WIRE_TYPE_BITS = 3
/** How a field is encoded: the last three bits of its tag. */
const WIRE_TYPES = { varint: 0, double: 1, bytes: 2 } as const
const DOUBLE_BYTES = 8
const START_BYTES = 256
const ASCII_MAX = 0x7f

type WireType = keyof typeof WIRE_TYPES

const encoder = new TextEncoder()
/** A buffer for the bytes of a length; shared, used synchronously. */
const lengthBytes = new Uint8Array(VARINT_BYTES_MAX)

/**
 * Collects the fields of protobuf messages.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class WireWriter {
  #bytes = new Uint8Array(START_BYTES)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** The bytes so far; valid until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Write a field of a non-negative integer or an enum. */
  integer(field: number, value: number): void {
    this.#tag(field, 'varint')
    this.#varint(value)
  }

  /** Write a field of a signed integer. */
  signedInteger(field: number, value: number): void {
    this.#tag(field, 'varint')
    this.#require(VARINT_BYTES_MAX)
    this.#length = writeSigned(this.#bytes, this.#length, value)
  }

  text(field: number, value: string): void {
    const start = this.begin(field)
    this.#require(value.length)
    // Most texts are short and ASCII; `TextEncoder` takes several times as long for them.
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index)
      if (code > ASCII_MAX) {
        this.#length = start
        this.append(encoder.encode(value))
        break
      }
      this.#bytes[this.#length++] = code
    }
    this.end(start)
  }

  /**
   * Begin a field of bytes, such as a message.
   *
   * @returns the offset of its content, for `end`
   */
  begin(field: number): number {
    this.#tag(field, 'bytes')
    return this.#reserve(1) + 1
  }

  /**
   * End the field whose content begins at `start`. The length of content above 127 bytes takes more
   * than one byte, so such content moves.
   *
   * @returns the new offset of its content
   */
  end(start: number): number {
    const length = this.#length - start
    const lengthStart = start - 1
    if (length < GROUP_RADIX) {
      this.#bytes[lengthStart] = length
      return start
    }
    const end = lengthStart + writeVarint(lengthBytes, 0, length)
    const moved = end - start
    this.#reserve(moved)
    this.#bytes.copyWithin(end, start, start + length)
    writeVarint(this.#bytes, lengthStart, length)
    return end
  }

  append(bytes: Uint8Array): void {
    this.#require(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /**
   * Write a field of a float64.
   *
   * @returns the offset of the value, for rewriting
   */
  double(field: number, value: number): number {
    this.#tag(field, 'double')
    const place = this.#reserve(DOUBLE_BYTES)
    this.#view.setFloat64(place, value, true)
    return place
  }

  /**
   * Write a field of an unsigned integer of `COUNT_BYTES` bytes, with the value 0.
   *
   * @returns the offset of the value, for `writeCount`
   */
  reserveCount(field: number): number {
    this.#tag(field, 'varint')
    const place = this.#reserve(COUNT_BYTES)
    writeCount(this.#view, place, 0)
    return place
  }

  /**
   * Begin a field of bytes whose content the caller completes later.
   *
   * @returns the offset of its length, for `writeLength`
   */
  reserveLength(field: number): number {
    this.#tag(field, 'bytes')
    return this.#reserve(LENGTH_BYTES)
  }

  #tag(field: number, type: WireType): void {
    this.#varint(tagOf(field, type))
  }

  #varint(value: number): void {
    this.#require(VARINT_BYTES_MAX)
    this.#length = writeVarint(this.#bytes, this.#length, value)
  }

  #reserve(bytes: number): number {
    this.#require(bytes)
    const place = this.#length
    this.#length += bytes
    return place
  }

  #require(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const larger = new Uint8Array(2 * (this.#length + bytes))
    larger.set(this.bytes)
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

/** The tag of a field: its number and its wire type. Up to number 15, it takes one byte. */
export function tagOf(field: number, type: WireType): number {
  return (field << WIRE_TYPE_BITS) | WIRE_TYPES[type]
}
