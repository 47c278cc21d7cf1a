import { BINS_MAX, type BinLayout } from './bin-layout.js'

/** Bits of a number in one byte; the eighth is set where more bytes follow. */
const GROUP_BITS = 7
const GROUP_RADIX = 2 ** GROUP_BITS
const GROUP_MASK = GROUP_RADIX - 1
const MORE = 0x80
const INT32_END = 2 ** 31
/** Maximum bytes of a number: merged stats may count more than 2^53 rows, rounded to 53 bits. */
const NUMBER_BYTES_MAX = 10
/** Weight of the last group that a number may have. */
const WEIGHT_MAX = GROUP_RADIX ** (NUMBER_BYTES_MAX - 1)
/** Counts are below this. */
const COUNT_END = GROUP_RADIX ** NUMBER_BYTES_MAX
/** Bins that are skipped together where all of them are empty. */
const EMPTY_RUN = 8

/** Bins are packed here before their length is known. Each takes at most two numbers. */
const scratch = new Uint8Array(2 * BINS_MAX * NUMBER_BYTES_MAX)

/**
 * The counts of a layout's bins as bytes, much smaller than an array: LEB128 numbers, each the
 * count of the next bin, ascending from bin 0. A zero is followed by the number of bins that are
 * skipped because they are empty.
 *
 * @see https://dwarfstd.org/doc/DWARF5.pdf section 7.6
 */
export type PackedBins = Uint8Array

/** A buffer for unpacked counts; shared, used synchronously. */
const unpacked = new Float64Array(BINS_MAX)

/** Pack the counts (integers from 0 to below 2^70) of the bins. */
export function packBins(bins: Float64Array): PackedBins {
  return packCounts(bins).packed
}

/**
 * Pack the counts of the bins.
 *
 * @returns the packed counts, and their sum in `rows`: NaN if any count is not an integer from 0 to
 * below 2^70
 */
export function packCounts(bins: Float64Array): {
  readonly packed: PackedBins
  readonly rows: number
} {
  const { length } = bins
  let at = 0
  let skipped = 0
  let rows = 0
  for (let bin = 0; bin < length; ) {
    const count = bins[bin]
    if (count === 0) {
      // Most bins are empty; one comparison of their sum skips a run of empty bins.
      const run = isEmptyRun(bins, bin) ? EMPTY_RUN : 1
      skipped += run
      bin += run
      continue
    }
    if (!(count > 0 && count < COUNT_END && Math.floor(count) === count)) {
      rows = Number.NaN
      break
    }
    if (skipped > 0) {
      scratch[at++] = 0
      at = writeNumber(at, skipped)
      skipped = 0
    }
    at = writeNumber(at, count)
    rows += count
    bin++
  }
  return { packed: scratch.slice(0, at), rows }
}

/**
 * Add packed counts to an array, each at the index given for its bin: the bin itself, or its
 * bucket.
 *
 * @param placeOfBin per bin of the layout, an index of `target` relative to `base`
 * @returns the sum of the counts, or NaN for bytes that are not packed bins of the layout; some
 * counts may have been added then
 */
export function addPackedBins(
  target: Float64Array,
  packed: PackedBins,
  placeOfBin: Uint16Array,
  base = 0,
): number {
  const end = packed.length
  const binCount = placeOfBin.length
  let rows = 0
  let bin = 0
  let isSkipping = false
  for (let at = 0; at < end; ) {
    let value = packed[at++]
    if (value >= MORE) {
      value &= GROUP_MASK
      let weight = GROUP_RADIX
      let byte = MORE
      while (byte >= MORE) {
        if (at === end || weight > WEIGHT_MAX) return Number.NaN
        byte = packed[at++]
        value += (byte & GROUP_MASK) * weight
        weight *= GROUP_RADIX
      }
    }
    if (isSkipping) {
      if (value === 0) return Number.NaN
      bin += value
      isSkipping = false
    } else if (value === 0) {
      isSkipping = true
    } else {
      if (bin >= binCount) return Number.NaN
      target[base + placeOfBin[bin++]] += value
      rows += value
    }
  }
  // Larger sums are not exact.
  return isSkipping || rows > Number.MAX_SAFE_INTEGER ? Number.NaN : rows
}

export function unpackBins(packed: PackedBins, layout: BinLayout): Float64Array {
  const bins = new Float64Array(layout.binCount)
  addPackedBins(bins, packed, layout.ownBin)
  return bins
}

/** The sum of packed counts of one layout. */
export function mergePackedBins(parts: readonly PackedBins[], layout: BinLayout): PackedBins {
  const bins = unpacked.subarray(0, layout.binCount).fill(0)
  for (const part of parts) addPackedBins(bins, part, layout.ownBin)
  return packBins(bins)
}

/** Whether the next `EMPTY_RUN` bins exist and are all empty. */
function isEmptyRun(bins: Float64Array, bin: number): boolean {
  if (bin + EMPTY_RUN > bins.length) return false
  const lower = bins[bin] + bins[bin + 1] + (bins[bin + 2] + bins[bin + 3])
  return lower + (bins[bin + 4] + bins[bin + 5]) + (bins[bin + 6] + bins[bin + 7]) === 0
}

/**
 * As `writeVarint` of the exposition, but with the array as a constant: a parameter takes 15 %
 * longer.
 */
function writeNumber(start: number, value: number): number {
  let at = start
  let rest = value
  while (rest >= INT32_END) {
    scratch[at++] = (rest % GROUP_RADIX) | MORE
    rest = Math.floor(rest / GROUP_RADIX)
  }
  // Most counts are small, and int32 arithmetic is several times faster.
  let small = rest | 0
  while (small >= GROUP_RADIX) {
    scratch[at++] = (small & GROUP_MASK) | MORE
    small >>= GROUP_BITS
  }
  scratch[at++] = small
  return at
}
