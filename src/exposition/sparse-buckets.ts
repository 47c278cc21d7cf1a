import { PLACE_COUNT, ZERO_PLACE } from '../stats/native-buckets.js'
import type { PackedBins } from '../stats/packed-bins.js'
import { writeSigned } from './varint.js'

/** Empty buckets up to which two runs of buckets are one span, as in client_golang. */
const GAP_MAX = 2
/** Bits of a number in one byte of packed bins; the eighth is set where more bytes follow. */
const GROUP_RADIX = 2 ** 7
const GROUP_MASK = GROUP_RADIX - 1
const MORE = GROUP_RADIX
const NO_PLACE = -1

/**
 * The buckets of one native histogram, as they are read from packed bins. All is done in one pass: a
 * scrape reads the bins of thousands of series.
 */
export class SparseBuckets {
  /** Per span its first place, and the number of its places; the first `spanCount` pairs. */
  readonly spans = new Uint16Array(2 * PLACE_COUNT)
  spanCount = 0
  /** The sum of all counts. */
  rows = 0
  /** The count of the zero bucket. */
  zeroCount = 0

  /**
   * Read packed bins, and write the count of each bucket as its difference to the one before.
   *
   * @param placeOfBin per bin of the layout the place of its bucket; places ascend with the bins
   * @param bytes where the differences are written to, from `start` on
   * @returns where the next byte goes
   */
  read(packed: PackedBins, placeOfBin: Uint16Array, bytes: Uint8Array, start: number): number {
    const { spans } = this
    const end = packed.length
    let at = start
    let spanIndex = -2
    let spanEnd = Number.NEGATIVE_INFINITY
    let rows = 0
    let zeroCount = 0
    let bin = 0
    let isSkipping = false
    /** The place that is counted, and its count so far. */
    let place = NO_PLACE
    let count = 0
    let before = 0
    for (let next = 0; place !== NO_PLACE || next < end; ) {
      let value = 0
      let placeOfValue = NO_PLACE
      if (next < end) {
        value = packed[next++]
        if (value >= MORE) {
          value &= GROUP_MASK
          let byte = MORE
          for (let weight = GROUP_RADIX; byte >= MORE; weight *= GROUP_RADIX) {
            byte = packed[next++]
            value += (byte & GROUP_MASK) * weight
          }
        }
        if (isSkipping) {
          bin += value
          isSkipping = false
          continue
        }
        isSkipping = value === 0
        if (isSkipping) continue
        placeOfValue = placeOfBin[bin++]
        if (placeOfValue === place) {
          count += value
          continue
        }
      }
      // All of the place before is counted.
      rows += count
      if (place === ZERO_PLACE) {
        zeroCount = count
      } else if (place !== NO_PLACE) {
        const gap = place - spanEnd
        if (gap > GAP_MAX) {
          spanIndex += 2
          spans[spanIndex] = place
          spans[spanIndex + 1] = 1
        } else {
          for (let empty = 0; empty < gap; empty++) {
            at = writeSigned(bytes, at, -before)
            before = 0
          }
          spans[spanIndex + 1] += gap + 1
        }
        at = writeSigned(bytes, at, count - before)
        before = count
        spanEnd = place + 1
      }
      place = placeOfValue
      count = value
    }
    this.spanCount = spanIndex / 2 + 1
    this.rows = rows
    this.zeroCount = zeroCount
    return at
  }
}
