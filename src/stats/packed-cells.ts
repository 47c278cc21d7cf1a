/** Bits of a number in one byte; the eighth says that more follow. */
const GROUP_BITS = 7
const GROUP_RADIX = 2 ** GROUP_BITS
const GROUP_MASK = GROUP_RADIX - 1
const MORE = 0x80
/** Bytes of the largest safe integer: 53 bits in groups of 7. */
export const VARINT_BYTES_MAX = 8

/**
 * Write an unsigned integer below 2^53 as LEB128.
 *
 * @returns where the next byte goes
 * @see https://dwarfstd.org/doc/DWARF5.pdf section 7.6
 */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value
  let to = at
  while (rest >= GROUP_RADIX) {
    bytes[to++] = (rest % GROUP_RADIX) | MORE
    rest = Math.floor(rest / GROUP_RADIX)
  }
  bytes[to++] = rest
  return to
}

/** Reads LEB128 numbers one after the other. */
export class VarintReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Whether all bytes were read. */
  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** The next number, or NaN where the bytes end inside it or it is not below 2^53. */
  next(): number {
    const bytes = this.#bytes
    const at = this.#at
    // Most numbers have one byte or two; past the end there is undefined, which is not less.
    const first = bytes[at]
    if (first < MORE) {
      this.#at = at + 1
      return first
    }
    const second = bytes[at + 1]
    if (second < MORE) {
      this.#at = at + 2
      return (first & GROUP_MASK) | (second << GROUP_BITS)
    }
    return this.#nextLong()
  }

  #nextLong(): number {
    const bytes = this.#bytes
    let value = 0
    let weight = 1
    while (this.#at < bytes.length) {
      const byte = bytes[this.#at++]
      value += (byte & GROUP_MASK) * weight
      if (byte < MORE) return value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN
      weight *= GROUP_RADIX
      if (weight > Number.MAX_SAFE_INTEGER) break
    }
    return Number.NaN
  }
}
