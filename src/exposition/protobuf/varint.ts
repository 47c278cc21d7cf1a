/** Bits of a varint in one byte; the eighth is set where more bytes follow. */
const GROUP_BITS = 7
export const GROUP_RADIX = 2 ** GROUP_BITS
const MORE = 0x80
const INT32_END = 2 ** 31
/** Maximum bytes of a safe integer. */
export const VARINT_BYTES_MAX = 8

/** Bytes of a length that is written later: the maximum that Prometheus accepts before a family. */
export const LENGTH_BYTES = 5
/** Bytes of a count that is rewritten in place: they hold 56 bits. */
export const COUNT_BYTES = 8
/** The bits of a count in each half of its bytes. */
const HALF_RADIX = 2 ** (GROUP_BITS * 4)
/** The largest count that is a float64 and fits; larger ones are written as this. */
const COUNT_MAX = 2 ** 56 - 2 ** 3
/** The continuation bits in the first four bytes of a count, and in the last four. */
const FIRST_MARKS = 0x80808080
const LAST_MARKS = 0x00808080

/**
 * Write a non-negative safe integer as the shortest varint, and return the index of the next byte.
 */
export function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start
  let rest = value
  while (rest >= INT32_END) {
    bytes[at++] = (rest % GROUP_RADIX) | MORE
    rest = Math.floor(rest / GROUP_RADIX)
  }
  // Most values are small, and int32 arithmetic is several times faster.
  let small = rest | 0
  while (small >= GROUP_RADIX) {
    bytes[at++] = small | MORE
    small >>= GROUP_BITS
  }
  bytes[at++] = small
  return at
}

/** Write a signed integer as a zigzag varint, and return the index of the next byte. */
export function writeSigned(bytes: Uint8Array, start: number, value: number): number {
  if (value < GROUP_RADIX / 2 && value >= -GROUP_RADIX / 2) {
    bytes[start] = (value << 1) ^ (value >> 31)
    return start + 1
  }
  return writeVarint(bytes, start, value >= 0 ? 2 * value : -2 * value - 1)
}

/**
 * Write a length below 2^31 in exactly `LENGTH_BYTES` bytes. Decoders accept varints that are
 * longer than necessary.
 */
export function writeLength(bytes: Uint8Array, at: number, length: number): void {
  let rest = length
  for (let index = 0; index < LENGTH_BYTES - 1; index++) {
    bytes[at + index] = rest | MORE
    rest >>= GROUP_BITS
  }
  bytes[at + LENGTH_BYTES - 1] = rest
}

/** Write a count in `COUNT_BYTES` bytes, as an integer of 0 to 2^56 - 8. */
export function writeCount(view: DataView, at: number, count: number): void {
  if (count >= 0 && count < HALF_RADIX) {
    view.setUint32(at, spread(count | 0) | FIRST_MARKS, true)
    view.setUint32(at + 4, LAST_MARKS, true)
    return
  }
  const whole = count >= 0 ? Math.min(Math.floor(count), COUNT_MAX) : 0
  const high = Math.floor(whole / HALF_RADIX)
  const low = whole - high * HALF_RADIX
  view.setUint32(at, spread(low) | FIRST_MARKS, true)
  view.setUint32(at + 4, spread(high) | LAST_MARKS, true)
}

/** Spread 28 bits over the lower seven bits of four bytes. */
function spread(bits: number): number {
  return (
    (bits & 0x7f) | ((bits & 0x3f80) << 1) | ((bits & 0x1fc000) << 2) | ((bits & 0xfe00000) << 3)
  )
}
