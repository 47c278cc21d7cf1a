/** Number of significant digits that distinguish any float64 from its neighbours. */
const DIGITS = 17
/** The digits are computed in two parts, since a float64 cannot hold all integers of 17 digits. */
const LOW_DIGITS = 8
const LOW_RADIX = 10 ** LOW_DIGITS
const HIGH_DIGITS = DIGITS - LOW_DIGITS
const HIGH_RADIX = 10 ** HIGH_DIGITS
const PRODUCT_MIN = 10 ** (DIGITS - 1)
const PRODUCT_END = 10 ** DIGITS
/** The powers of ten that a float64 holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))
/** The smallest value that such a power scales to 17 digits. */
const VALUE_MIN = 1e-3
const VALUE_END = 1e15
/**
 * If a candidate is nearer to a bound than this, `String` is used. The rounding error is a
 * thousandth of it.
 */
const DOUBT = 2 ** -16
/** Splits a float64 into two parts of 26 bits, whose products are exact. */
const SPLITTER = 2 ** 27 + 1
const EXPONENT_MASK = 0x7ff00000
const FRACTION_MASK = 0x000fffff
/** Difference of the exponents of a float64 and of half its last bit. */
const HALF_BIT = 53 << 20
const ZERO = 48
const POINT = 46

const scratch = new Float64Array(1)
const words = new Int32Array(scratch.buffer)
const digits = new Uint8Array(DIGITS)

/**
 * Write a number with a fraction as JavaScript does: the fewest digits that identify the float64,
 * and among these the closest. `String` takes three times as long, since it creates and caches a
 * string.
 *
 * The value times a power of ten is computed exactly, as the sum of two float64, together with the
 * bounds between which all numbers are read as this value. The result is the number between them
 * with the most trailing zeros.
 *
 * @returns the index of the next byte, or `start` if the value is an integer, is out of range, or
 * is too close to a bound, as most values of few digits are; the caller must overwrite the bytes
 * then
 * @see https://tc39.es/ecma262/#sec-numeric-types-number-tostring
 * @see T. J. Dekker, A floating-point technique for extending the available precision, 1971
 */
export function writeFraction(bytes: Uint8Array, start: number, value: number): number {
  if (!(value >= VALUE_MIN && value < VALUE_END && value !== Math.floor(value))) return start
  const exponent = exponentOf(value)
  const power = POWERS[DIGITS - 1 - exponent]
  const product = value * power
  if (!(product >= PRODUCT_MIN && product < PRODUCT_END)) return start
  const error = productError(value, power, product)
  scratch[0] = value
  // Powers of two are excluded, since the floats below them are closer together.
  if (words[0] === 0 && (words[1] & FRACTION_MASK) === 0) return start
  words[0] = 0
  words[1] = (words[1] & EXPONENT_MASK) - HALF_BIT
  const reach = scratch[0] * power
  let high = Math.floor(product / LOW_RADIX)
  const low = product - high * LOW_RADIX + error
  let best = Math.round(low)
  if (Math.abs(Math.abs(best - low) - 0.5) < DOUBT) return start
  let zeros = 0
  for (let step = 10; ; step *= 10) {
    const below = Math.floor(low / step) * step
    const toBelow = low - below
    const toAbove = below + step - low
    const distance = Math.min(toBelow, toAbove)
    if (Math.abs(distance - reach) < DOUBT || Math.abs(toBelow - toAbove) < DOUBT) return start
    if (distance > reach) break
    best = toBelow < toAbove ? below : below + step
    if (++zeros === LOW_DIGITS) return start
  }
  if (best >= LOW_RADIX) {
    best -= LOW_RADIX
    high++
  }
  if (best < 0 || high >= HIGH_RADIX) return start
  placeDigits(high, 0, HIGH_DIGITS)
  placeDigits(best, HIGH_DIGITS, DIGITS)
  return writeDigits(bytes, start, exponent, DIGITS - zeros)
}

/** The power of ten of the first digit that is not zero. */
function exponentOf(value: number): number {
  let exponent = 0
  while (value >= POWERS[exponent + 1]) exponent++
  // Not `-exponent`: compiled code does not accept -0 as an index.
  while (value * POWERS[0 - exponent] < 1) exponent--
  return exponent
}

/** The rounding error of a product, which is a float64. */
function productError(left: number, right: number, product: number): number {
  const leftHigh = left * SPLITTER - (left * SPLITTER - left)
  const leftLow = left - leftHigh
  const rightHigh = right * SPLITTER - (right * SPLITTER - right)
  const rightLow = right - rightHigh
  const high = leftHigh * rightHigh - product
  return high + leftHigh * rightLow + leftLow * rightHigh + leftLow * rightLow
}

/** Write an integer to the elements [from, to) of `digits`. */
function placeDigits(value: number, from: number, to: number): void {
  let rest = value | 0
  for (let at = to; at > from; ) {
    const tens = (rest / 10) | 0
    digits[--at] = ZERO + rest - tens * 10
    rest = tens
  }
}

/** Write the first digits, the first of which has the weight 10^exponent. */
function writeDigits(bytes: Uint8Array, start: number, exponent: number, count: number): number {
  let at = start
  let digit = 0
  if (exponent < 0) bytes[at++] = ZERO
  while (digit <= exponent) bytes[at++] = digits[digit++]
  bytes[at++] = POINT
  for (let zeros = exponent + 1; zeros < 0; zeros++) bytes[at++] = ZERO
  while (digit < count) bytes[at++] = digits[digit++]
  return at
}
