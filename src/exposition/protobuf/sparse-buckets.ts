import { PLACE_COUNT, ZERO_PLACE } from '../../stats/native-buckets.js'
import type { PackedBins } from '../../stats/packed-bins.js'
import { writeSigned } from './varint.js'

/**
 * Runs of buckets with at most this many empty buckets between them form one span, as in
 * client_golang.
 */
const GAP_MAX = 2
/**
 * Bits of a number in one byte of packed bins; the eighth is set where more bytes follow. A copy of
 * the constants of `packed-bins.ts`, since V8 looks up imported ones in the loop.
 */
const GROUP_BITS = 7
const GROUP_RADIX = 2 ** GROUP_BITS
const GROUP_MASK = GROUP_RADIX - 1
const MORE = GROUP_RADIX
const NO_PLACE = -1
/**
 * The end of the last span before the first: more than `GAP_MAX` before all places. An integer,
 * since compiled code is slower with `-Infinity`.
 */
const NO_SPAN_END = -2 * GAP_MAX

/**
 * Reads the buckets of one native histogram from packed bins, in one pass and with inline decoding
 * of numbers, since a scrape reads the bins of thousands of series.
 */
export class SparseBuckets {
  /** Pairs of the first place of a span and its number of places; `spanCount` pairs are valid. */
  readonly spans = new Uint16Array(2 * PLACE_COUNT)
  spanCount = 0
  /** The sum of all counts. */
  rows = 0
  /** The count of the zero bucket. */
  zeroCount = 0
  /** Index at which the next difference is written. */
  #at = 0
  /** The place after the last span. */
  #spanEnd = 0
  /** The count of the last bucket. */
  #before = 0

  /**
   * Read packed bins, and write the count of each bucket as its difference to the previous bucket.
   *
   * @param placeOfBin per bin of the layout, the place of its bucket; places ascend with the bins
   * @param bytes receives the differences, from `start` on
   * @returns the index of the next byte
   */
  read(packed: PackedBins, placeOfBin: Uint16Array, bytes: Uint8Array, start: number): number {
    const end = packed.length
    this.spanCount = 0
    this.rows = 0
    this.zeroCount = 0
    this.#at = start
    this.#spanEnd = NO_SPAN_END
    this.#before = 0
    let bin = 0
    /** The current place, and its count so far. */
    let place = NO_PLACE
    let count = 0
    for (let next = 0; next < end; ) {
      let value = packed[next++]
      if (value >= MORE) {
        value &= GROUP_MASK
        let byte = MORE
        for (let weight = GROUP_RADIX; byte >= MORE; weight *= GROUP_RADIX) {
          byte = packed[next++]
          value += (byte & GROUP_MASK) * weight
        }
      }
      if (value === 0) {
        // The number of empty bins to skip, which is small between counts.
        let byte = packed[next++]
        let skipped = byte & GROUP_MASK
        for (let bits = GROUP_BITS; byte >= MORE; bits += GROUP_BITS) {
          byte = packed[next++]
          skipped |= (byte & GROUP_MASK) << bits
        }
        bin += skipped
        continue
      }
      const placeOfValue = placeOfBin[bin++]
      if (placeOfValue === place) {
        count += value
        continue
      }
      if (place !== NO_PLACE) this.#add(bytes, place, count)
      place = placeOfValue
      count = value
    }
    if (place !== NO_PLACE) this.#add(bytes, place, count)
    return this.#at
  }

  /** Add a bucket after the others. */
  #add(bytes: Uint8Array, place: number, count: number): void {
    this.rows += count
    if (place === ZERO_PLACE) {
      this.zeroCount = count
      return
    }
    const gap = place - this.#spanEnd
    let at = this.#at
    let before = this.#before
    if (gap > GAP_MAX) {
      const span = 2 * this.spanCount++
      this.spans[span] = place
      this.spans[span + 1] = 1
    } else {
      this.spans[2 * this.spanCount - 1] += gap + 1
      for (let empty = 0; empty < gap; empty++) {
        at = writeSigned(bytes, at, -before)
        before = 0
      }
    }
    this.#at = writeSigned(bytes, at, count - before)
    this.#before = count
    this.#spanEnd = place + 1
  }
}
