/** Bits a limb holds. */
const LIMB_BITS = 32
const LIMB_RADIX = 2 ** LIMB_BITS
/** Bit 0 of limb 0 is worth 2^-1074, the smallest positive float64. */
const UNIT_EXPONENT = -1074
/** 2098 bits hold any float64; the rest is room for 2^78 of the largest. */
export const LIMB_COUNT = 68

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
  readonly #limbs = new Float64Array(LIMB_COUNT)
  /** Limbs outside [#low, #end) are zero. */
  #low = LIMB_COUNT
  #end = 0

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
    const limbs = other.limbs()
    this.addLimbs(other === this ? limbs.slice() : limbs, other.firstLimb)
  }

  /** Take away a sum that is not larger than this one. */
  subtractSum(other: ExactSum): void {
    // A borrow leaves limbs below this sum's lowest behind.
    this.#low = Math.min(this.#low, other.#low)
    let borrow = 0
    for (let index = other.#low; index < other.#end || borrow !== 0; index++) {
      const difference = this.#limbs[index] - other.#limbs[index] - borrow
      borrow = difference < 0 ? 1 : 0
      this.#limbs[index] = difference + borrow * LIMB_RADIX
    }
    while (this.#end > this.#low && this.#limbs[this.#end - 1] === 0) this.#end--
  }

  /** Add limbs (integers in [0, 2^32)) of which the first stands at index `first`. */
  addLimbs(limbs: ArrayLike<number>, first: number): void {
    for (let index = 0; index < limbs.length; index++) this.#addLimb(first + index, limbs[index])
  }

  /** Index of the first limb that `limbs` returns. */
  get firstLimb(): number {
    return this.#end === 0 ? 0 : this.#low
  }

  /** The limbs from the lowest to the highest that may be non-zero: a view, not a copy. */
  limbs(): Float64Array {
    return this.#limbs.subarray(this.firstLimb, this.#end)
  }

  /** Negative, zero or positive as this sum is less than, equal to or greater than the other. */
  compare(other: ExactSum): number {
    for (let index = Math.max(this.#end, other.#end) - 1; index >= 0; index--) {
      const difference = this.#limbs[index] - other.#limbs[index]
      if (difference !== 0) return difference
    }
    return 0
  }

  /** The float64 nearest to the sum, ties to even; `Infinity` past the largest. */
  toNumber(): number {
    let top = this.#end - 1
    while (top >= 0 && this.#limbs[top] === 0) top--
    if (top < 0) return 0
    const bottom = Math.max(0, top - 2)
    let bits = 0n
    for (let index = top; index >= bottom; index--) {
      bits = (bits << 32n) | BigInt(this.#limbs[index])
    }
    // Three limbs hold at least 65 bits, so whatever lies below only breaks ties: a sticky bit.
    for (let index = this.#low; index < bottom; index++) {
      if (this.#limbs[index] !== 0) {
        bits |= 1n
        break
      }
    }
    return Number(bits) * 2 ** (bottom * LIMB_BITS + UNIT_EXPONENT)
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
