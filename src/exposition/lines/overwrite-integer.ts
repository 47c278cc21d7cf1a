const ZERO = 48
/** Integers below this are int32, for which division is faster. */
const INT32_END = 2 ** 31
/** Number of digits split off a larger integer, so that the rest of a safe integer is an int32. */
const LOW_DIGITS = 8
const LOW_RADIX = 10 ** LOW_DIGITS

/**
 * Write the decimal digits of a value over bytes [start, end).
 *
 * @returns false unless the value is a non-negative safe integer of exactly that many digits; the
 * bytes are undefined then
 */
export function overwriteInteger(
  bytes: Uint8Array,
  start: number,
  end: number,
  value: number,
): boolean {
  if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER && Math.floor(value) === value)) return false
  if (value < INT32_END) return writeBackwards(bytes, start, end, value | 0)
  const middle = end - LOW_DIGITS
  if (middle <= start) return false
  const high = Math.floor(value / LOW_RADIX)
  let low = (value - high * LOW_RADIX) | 0
  for (let at = end; at > middle; ) {
    const tens = (low / 10) | 0
    bytes[--at] = ZERO + low - tens * 10
    low = tens
  }
  return writeBackwards(bytes, start, middle, high | 0)
}

function writeBackwards(bytes: Uint8Array, start: number, end: number, value: number): boolean {
  let rest = value
  let at = end
  do {
    if (at === start) return false
    const tens = (rest / 10) | 0
    bytes[--at] = ZERO + rest - tens * 10
    rest = tens
  } while (rest > 0)
  return at === start
}
