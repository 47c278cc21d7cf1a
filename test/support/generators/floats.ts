/** Exact sums are counted in units of 2^-82 s. */
const UNIT_EXPONENT = 82n
const MANTISSA_BITS = 53

const view = new DataView(new ArrayBuffer(8))

/** The bits of a float64. */
export function bitsOf(value: number): bigint {
  view.setFloat64(0, value)
  return view.getBigUint64(0)
}

/** The float64 of these bits. */
export function floatOf(bits: bigint): number {
  view.setBigUint64(0, bits)
  return view.getFloat64(0)
}

/** The smallest float64 above a non-negative one. */
export function nextUp(value: number): number {
  return floatOf(bitsOf(value) + 1n)
}

/** The largest float64 below a positive one. */
export function nextDown(value: number): number {
  return floatOf(bitsOf(value) - 1n)
}

/** A finite, non-negative float64 as mantissa · 2^exponent. */
function partsOf(value: number): { readonly mantissa: bigint; readonly exponent: number } {
  const bits = bitsOf(value)
  const biased = Number(bits >> 52n)
  const fraction = bits & 0xfffffffffffffn
  if (biased === 0) return { mantissa: fraction, exponent: -1074 }
  return { mantissa: fraction | (1n << 52n), exponent: biased - 1075 }
}

/** A non-negative float64 in units of 2^-82 s: exact from 2^-30 s on, and rounded half up below. */
export function unitsOf(value: number): bigint {
  const { mantissa, exponent } = partsOf(value)
  const shift = BigInt(exponent) + UNIT_EXPONENT
  if (shift >= 0n) return mantissa << shift
  return (mantissa + (1n << (-shift - 1n))) >> -shift
}

/** The float64 nearest to a number of units in seconds, ties to even. */
export function nearestFloat(units: bigint): number {
  const excess = Math.max(0, units.toString(2).length - MANTISSA_BITS)
  const mantissa = Number(divideHalfEven(units, BigInt(excess)))
  return mantissa * 2 ** (excess - Number(UNIT_EXPONENT))
}

/** A non-negative float64 rounded to three decimals, ties to even on the exact value. */
export function roundThousandthsExactly(value: number): number {
  const { mantissa, exponent } = partsOf(value)
  const scaled = mantissa * 1000n
  const thousandths =
    exponent >= 0 ? scaled << BigInt(exponent) : divideHalfEven(scaled, BigInt(-exponent))
  const decimals = (thousandths % 1000n).toString().padStart(3, '0')
  return Number(`${thousandths / 1000n}.${decimals}`)
}

/** value / 2^shift, rounded to the nearest integer, ties to even. */
function divideHalfEven(value: bigint, shift: bigint): bigint {
  const quotient = value >> shift
  const twice = (value - (quotient << shift)) * 2n
  const unit = 1n << shift
  const up = twice > unit || (twice === unit && quotient % 2n === 1n)
  return up ? quotient + 1n : quotient
}
