/** Bits a limb holds. */
const LIMB_BITS = 32
const LIMB_RADIX = 2 ** LIMB_BITS
/** Bit 0 of limb 0 is worth 2^-1074, the smallest positive float64. */
const UNIT_EXPONENT = -1074
const UNIT = 2 ** UNIT_EXPONENT
/** 2098 bits hold any float64; the rest is room for 2^78 of the largest. */
export const LIMB_COUNT = 68
/** Bits of a float64's mantissa that stand in its lower limb, and what they leave of that limb. */
const LOW_MANTISSA_BITS = 21
const CUT_BITS = LIMB_BITS - LOW_MANTISSA_BITS
const CUT_MASK = 2 ** CUT_BITS - 1
const HALF = 2 ** (CUT_BITS - 1)

const scratch = new Float64Array(1)
const scratchWords = new Uint32Array(scratch.buffer)

/**
 * A sum of non-negative float64 that loses nothing, whatever the order: a fixed-point number wide
 * enough for the whole range of the type. `toNumber` rounds it once, as Python's `math.fsum` does.
 *
 * It is the "small superaccumulator" with carries settled at once: sums meet here a few times per
 * report, not per record.
 * @see Radford M. Neal, Fast exact summation using small and large superaccumulators,
 * https://arxiv.org/abs/1505.05571
 */
export class ExactSum {
  /** 32 bits each, least significant first; integers in [0, 2^32) between calls. */
  #limbs: Float64Array
  /** Index of the first of them: they are all there are, or those a sum was made of. */
  #offset: number
  /** Limbs outside [#low, #end) are zero. */
  #low: number
  #end: number

  /**
   * @param limbs integers in [0, 2^32), least significant first; kept, not copied. Few of them,
   * not all there are, make a small sum: most are read more often than added to.
   * @param first index of the first of them; all are below `LIMB_COUNT`
   */
  constructor(limbs?: Float64Array, first = 0) {
    this.#limbs = limbs ?? new Float64Array(LIMB_COUNT)
    this.#offset = first
    const isEmpty = limbs === undefined || limbs.length === 0
    this.#low = isEmpty ? LIMB_COUNT : first
    this.#end = isEmpty ? 0 : first + limbs.length
  }

  /** Add a finite, non-negative number. */
  add(value: number): void {
    if (value === 0) return
    scratch[0] = value
    const high = scratchWords[1]
    const exponent = high >>> 20
    const fraction = high & 0xfffff
    // A subnormal has the exponent of the smallest normal number and no hidden bit.
    if (exponent === 0) this.addBits(fraction, scratchWords[0], 0)
    else this.addBits(fraction | 0x100000, scratchWords[0], exponent - 1)
  }

  /**
   * Add (high · 2^32 + low) · 2^(position - 1074).
   * @param high below 2^21
   * @param low below 2^32
   */
  addBits(high: number, low: number, position: number): void {
    this.#widen()
    const first = position >>> 5
    const shift = position & 31
    // JavaScript shifts by 32 as by 0, hence the shift in two steps.
    const carriedLow = (low >>> 1) >>> (31 - shift)
    const carriedHigh = (high >>> 1) >>> (31 - shift)
    this.#addLimb(first, (low << shift) >>> 0)
    this.#addLimb(first + 1, ((high << shift) | carriedLow) >>> 0)
    this.#addLimb(first + 2, carriedHigh)
  }

  /** Add another sum to this one. */
  addSum(other: ExactSum): void {
    this.#widen()
    const limbs = other === this ? other.limbs().slice() : other.limbs()
    const first = other.firstLimb
    for (let index = 0; index < limbs.length; index++) this.#addLimb(first + index, limbs[index])
  }

  /** Take away a sum that is not larger than this one. */
  subtractSum(other: ExactSum): void {
    this.#widen()
    // A borrow leaves limbs below this sum's lowest behind.
    this.#low = Math.min(this.#low, other.#low)
    let borrow = 0
    for (let index = other.#low; index < other.#end || borrow !== 0; index++) {
      const difference = this.#limbs[index] - other.#limb(index) - borrow
      borrow = difference < 0 ? 1 : 0
      this.#limbs[index] = difference + borrow * LIMB_RADIX
    }
    while (this.#end > this.#low && this.#limbs[this.#end - 1] === 0) this.#end--
  }

  /** Index of the first limb that `limbs` returns. */
  get firstLimb(): number {
    return this.#end === 0 ? 0 : this.#low
  }

  /** The limbs from the lowest to the highest that may be non-zero: a view, not a copy. */
  limbs(): Float64Array {
    const low = this.firstLimb - this.#offset
    return this.#limbs.subarray(low, Math.max(low, this.#end - this.#offset))
  }

  /** Negative, zero or positive as this sum is less than, equal to or greater than the other. */
  compare(other: ExactSum): number {
    const low = Math.min(this.#low, other.#low)
    for (let index = Math.max(this.#end, other.#end) - 1; index >= low; index--) {
      const difference = this.#limb(index) - other.#limb(index)
      if (difference !== 0) return difference
    }
    return 0
  }

  /** The float64 nearest to the sum, ties to even; `Infinity` past the largest. */
  toNumber(): number {
    let top = this.#end - 1
    while (top >= this.#low && this.#limb(top) === 0) top--
    if (top < this.#low) return 0
    const high = this.#limb(top)
    const middle = this.#limb(top - 1)
    // So few bits are a float64 as they are; small ones must not be shifted past its range.
    if (top === 0) return high * UNIT
    if (top === 1 && high < 2 ** LOW_MANTISSA_BITS) return (high * LIMB_RADIX + middle) * UNIT
    // The 64 bits from the highest that is set, of which 53 are kept.
    const low = this.#limb(top - 2)
    const shift = Math.clz32(high)
    const upper = ((high << shift) | ((middle >>> 1) >>> (31 - shift))) >>> 0
    const lower = ((middle << shift) | ((low >>> 1) >>> (31 - shift))) >>> 0
    const kept = lower >>> CUT_BITS
    const cut = lower & CUT_MASK
    const isMore = cut > HALF || (cut === HALF && (kept % 2 === 1 || this.#hasBelow(top, shift)))
    const mantissa = upper * 2 ** LOW_MANTISSA_BITS + kept + +isMore
    return mantissa * 2 ** (top * LIMB_BITS - shift - LOW_MANTISSA_BITS + UNIT_EXPONENT)
  }

  /** Whether anything is set below the 64 bits that end `shift` bits into the limb before two. */
  #hasBelow(top: number, shift: number): boolean {
    if (top >= 2 && (this.#limb(top - 2) << shift) >>> 0 !== 0) return true
    for (let index = this.#low; index < top - 2; index++) if (this.#limb(index) !== 0) return true
    return false
  }

  #limb(index: number): number {
    return index < this.#low || index >= this.#end ? 0 : this.#limbs[index - this.#offset]
  }

  /** Make room for all limbs. */
  #widen(): void {
    if (this.#limbs.length === LIMB_COUNT) return
    const limbs = new Float64Array(LIMB_COUNT)
    limbs.set(this.#limbs, this.#offset)
    this.#limbs = limbs
    this.#offset = 0
  }

  #addLimb(index: number, value: number): void {
    if (value === 0) return
    if (index < this.#low) this.#low = index
    let at = index
    let sum = this.#limbs[at] + value
    while (sum >= LIMB_RADIX) {
      this.#limbs[at] = sum - LIMB_RADIX
      sum = this.#limbs[++at] + 1
    }
    this.#limbs[at] = sum
    if (at >= this.#end) this.#end = at + 1
  }
}
