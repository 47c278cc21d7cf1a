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
/** Where a length is written to find how many bytes it takes; used synchronously. */
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

  /** What was written; valid until more is. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** A field of a non-negative integer, or of an enum. */
  integer(field: number, value: number): void {
    this.#tag(field, 'varint')
    this.#varint(value)
  }

  /** A field of an integer of either sign. */
  signedInteger(field: number, value: number): void {
    this.#tag(field, 'varint')
    this.#require(VARINT_BYTES_MAX)
    this.#length = writeSigned(this.#bytes, this.#length, value)
  }

  text(field: number, value: string): void {
    const start = this.begin(field)
    this.#require(value.length)
    // Most texts are short and ASCII: an encoder takes several times as long for them.
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
   * Begin a field of bytes, such as of a message.
   *
   * @returns where its content begins, for `end`
   */
  begin(field: number): number {
    this.#tag(field, 'bytes')
    return this.#reserve(1) + 1
  }

  /**
   * End the field whose content begins at `start`. The length of a content of more than 127 bytes takes
   * more than one byte, so such a content moves.
   *
   * @returns where its content begins now
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
   * A field of a float64.
   *
   * @returns the place of the value, where it can be rewritten
   */
  double(field: number, value: number): number {
    this.#tag(field, 'double')
    const place = this.#reserve(DOUBLE_BYTES)
    this.#view.setFloat64(place, value, true)
    return place
  }

  /**
   * A field of an unsigned integer of `COUNT_BYTES` bytes, 0 until it is written.
   *
   * @returns the place of the value, to be written by `writeCount`
   */
  reserveCount(field: number): number {
    this.#tag(field, 'varint')
    const place = this.#reserve(COUNT_BYTES)
    writeCount(this.#view, place, 0)
    return place
  }

  /**
   * Begin a field of bytes whose content is completed elsewhere, after what this writes.
   *
   * @returns the place of its length, to be written by `writeLength`
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

/** What precedes a field: its number and how it is encoded; up to number 15, one byte. */
export function tagOf(field: number, type: WireType): number {
  return (field << WIRE_TYPE_BITS) | WIRE_TYPES[type]
}
