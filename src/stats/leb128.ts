/** Bits of a number in one byte; the eighth is set where more bytes follow. */
const GROUP_BITS = 7
const GROUP_RADIX = 2 ** GROUP_BITS
const GROUP_MASK = GROUP_RADIX - 1
const MORE = 0x80
const INT32_END = 2 ** 31
/** Bytes of a number of 70 bits, which holds any count of bins, any counter and their sums. */
export const NUMBER_BYTES_MAX = 10
/** The largest float64 below 2^70; larger numbers are written as this. */
export const NUMBER_MAX = 2 ** 70 - 2 ** 17

/**
 * Write a non-negative integer as LEB128. Larger integers are written as `NUMBER_MAX`, so that none
 * takes more than `NUMBER_BYTES_MAX` bytes.
 *
 * @returns the index of the next byte
 * @see https://dwarfstd.org/doc/DWARF5.pdf section 7.6
 */
export function writeNumber(bytes: Uint8Array, start: number, value: number): number {
  let at = start
  let rest = value < INT32_END ? value : Math.min(value, NUMBER_MAX)
  while (rest >= INT32_END) {
    bytes[at++] = (rest % GROUP_RADIX) | MORE
    rest = Math.floor(rest / GROUP_RADIX)
  }
  // Most numbers are small, and int32 arithmetic is several times faster.
  let small = rest | 0
  while (small >= GROUP_RADIX) {
    bytes[at++] = (small & GROUP_MASK) | MORE
    small >>= GROUP_BITS
  }
  bytes[at++] = small
  return at
}

/** Reads LEB128 numbers one after another. */
export class NumberReader {
  #bytes: Uint8Array
  /** Index at which the next number begins. */
  at = 0

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#bytes = bytes
  }

  /** Start to read other bytes. */
  reset(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.at = 0
  }

  /** Whether all bytes were read. */
  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length
  }

  /** The next number; NaN if the bytes end within it or it has more than 70 bits. */
  next(): number {
    const bytes = this.#bytes
    if (this.at >= bytes.length) return Number.NaN
    let byte = bytes[this.at++]
    if (byte < MORE) return byte
    let value = byte & GROUP_MASK
    let weight = GROUP_RADIX
    for (let read = 1; read < NUMBER_BYTES_MAX; read++) {
      if (this.at >= bytes.length) return Number.NaN
      byte = bytes[this.at++]
      value += (byte & GROUP_MASK) * weight
      if (byte < MORE) return value
      weight *= GROUP_RADIX
    }
    return Number.NaN
  }
}
