import { DURATION_BOUNDS_SECONDS } from '../catalogue.js'
import { requireLittleEndian } from '../endianness.js'
import { BOUNDS_MAX, readBounds } from './bucket-bounds.js'

/** Segments per octave: 2^5, so the middle of a bin is within 1.6 % of any duration in it. */
export const MANTISSA_BITS = 5
/** The highest 32 bits of a float64 hold sign, exponent and 20 mantissa bits. */
const MANTISSA_BITS_IN_HIGH_WORD = 20
const EXPONENT_BIAS = 1023
/** Segments begin at 2^-30 s (0.93 ns); shorter durations are in the bins before them. */
const OCTAVE_MIN = -30
/** Segments end at 2^16 s (18 h); longer durations are in the bins after them. */
const OCTAVE_END = 16

/** Right shift that turns the high word of a float64 into its segment plus `SEGMENT_BASE`. */
export const SEGMENT_SHIFT = MANTISSA_BITS_IN_HIGH_WORD - MANTISSA_BITS
/** High word of the smallest duration that has a segment, shifted by `SEGMENT_SHIFT`. */
export const SEGMENT_BASE = (EXPONENT_BIAS + OCTAVE_MIN) << MANTISSA_BITS
/** Number of log-linear segments. */
const SEGMENT_COUNT = (OCTAVE_END - OCTAVE_MIN) << MANTISSA_BITS
/** The smallest duration that has a segment, in seconds. */
export const SEGMENTS_SECONDS_MIN = 2 ** OCTAVE_MIN
/** Every duration that has a segment is below this, in seconds. */
export const SEGMENTS_SECONDS_END = 2 ** OCTAVE_END

/** Maximum number of bins of a layout: each bound splits one bin into two. */
export const BINS_MAX = SEGMENT_COUNT + 2 + BOUNDS_MAX

// Every entry of the package loads this module, so the error is thrown at import.
requireLittleEndian()

/** Layouts by their frozen `bounds`. */
const layouts = new WeakMap<readonly number[], BinLayout>()
const scratch = new Float64Array(1)
const scratchWords = new Uint32Array(scratch.buffer)

/**
 * The bins of a duration histogram: log-linear segments, one bin before and one after them, each
 * split by the bucket bounds in it. One count per bin therefore gives both exact `le` buckets and
 * quantiles.
 *
 * Bins ascend with the duration. A bin that ends at a bound includes the bound; a bin that ends at
 * the edge of a segment excludes that edge.
 *
 * Segments are the top bits of the float64, as in HdrHistogram.
 * @see http://hdrhistogram.org
 */
export class BinLayout {
  /** Bucket upper bounds in seconds, ascending, `+Inf` left out. */
  readonly bounds: readonly number[]
  readonly binCount: number
  /**
   * Per segment: its first bin; the entry at `SEGMENT_COUNT` is the first bin after the segments.
   */
  readonly binOfSegment: Uint16Array
  /** Per segment: the first bound that splits it, or `Infinity`, which no duration exceeds. */
  readonly boundOfSegment: Float64Array
  /**
   * Whether any segment is split more than once. If not, one comparison with the bound of its
   * segment finds the bin of a duration.
   */
  readonly isDense: boolean
  /** Per bin: the index of the first bucket that counts it; `bounds.length` is `+Inf`. */
  readonly bucketOfBin: Uint16Array
  /** Per bin: the bin itself, for functions that take a map of bins. */
  readonly ownBin: Uint16Array
  /**
   * Per bin: the smallest duration it can hold, in seconds; the last entry is the end of the last
   * bin.
   */
  readonly binEdges: Float64Array

  /**
   * The layout for these bounds. It is the same object for vLLM's bounds, and for the property
   * `bounds` of a layout.
   *
   * @param bounds as for the constructor; default vLLM's
   * @throws MoonmeterError `INVALID_OPTION`, as the constructor
   */
  static of(bounds: readonly number[] = DURATION_BOUNDS_SECONDS): BinLayout {
    const known = layouts.get(bounds)
    if (known !== undefined) return known
    const finite = readBounds(bounds)
    return DEFAULT_LAYOUT.matches(finite) ? DEFAULT_LAYOUT : new BinLayout(finite)
  }

  /**
   * @param bounds bucket upper bounds in seconds: up to 1,024 finite numbers, each larger than the
   * one before. A last bound of `Infinity`, as in other clients, is allowed and has no effect.
   * @throws MoonmeterError `INVALID_OPTION` for anything else
   */
  constructor(bounds: readonly number[]) {
    this.bounds = Object.freeze(readBounds(bounds))
    layouts.set(this.bounds, this)
    // No duration is negative, so a negative bound splits no bin.
    const negative = this.bounds.filter((bound) => bound < 0).length
    this.binCount = SEGMENT_COUNT + 2 + this.bounds.length - negative
    this.binOfSegment = new Uint16Array(SEGMENT_COUNT + 1)
    this.boundOfSegment = new Float64Array(SEGMENT_COUNT).fill(Number.POSITIVE_INFINITY)
    this.binEdges = new Float64Array(this.binCount + 1)
    this.bucketOfBin = new Uint16Array(this.binCount)
    this.ownBin = Uint16Array.from({ length: this.binCount }, (_, bin) => bin)
    this.isDense = this.#numberBins(negative)
  }

  /** The bin that counts a duration (seconds, finite, not negative). */
  binOf(durationSeconds: number): number {
    const { binOfSegment } = this
    if (durationSeconds < SEGMENTS_SECONDS_MIN) {
      return this.#binAmong(0, binOfSegment[0], durationSeconds)
    }
    if (durationSeconds >= SEGMENTS_SECONDS_END) {
      return this.#binAmong(binOfSegment[SEGMENT_COUNT], this.binCount, durationSeconds)
    }
    const segment = segmentOf(durationSeconds)
    if (this.isDense) return this.binInSegment(segment, durationSeconds)
    return binOfSegment[segment] + (durationSeconds > this.boundOfSegment[segment] ? 1 : 0)
  }

  /** The bin that counts a duration of a segment, for any number of splits. */
  binInSegment(segment: number, durationSeconds: number): number {
    const { binOfSegment } = this
    return this.#binAmong(binOfSegment[segment], binOfSegment[segment + 1], durationSeconds)
  }

  /**
   * The duration that represents a bin, in seconds: the middle of a bin in a segment, which is
   * within 1.6 % of any duration in it. For bins before the segments, the error is below a
   * nanosecond; for bins after them, it is the lower edge.
   */
  secondsOf(bin: number): number {
    if (bin === 0) return 0
    const { binEdges, binOfSegment } = this
    if (bin >= binOfSegment[SEGMENT_COUNT]) return binEdges[bin]
    return (binEdges[bin] + binEdges[bin + 1]) / 2
  }

  /** Whether stats counted in the other layout may be added to stats counted in this one. */
  equals(other: BinLayout): boolean {
    return this === other || this.matches(other.bounds)
  }

  matches(bounds: ArrayLike<number>): boolean {
    if (this.bounds.length !== bounds?.length) return false
    return this.bounds.every((bound, index) => bound === bounds[index])
  }

  /** The bin of a duration among bins [first, end), all but the last of which end at a bound. */
  #binAmong(first: number, end: number, durationSeconds: number): number {
    const { binEdges } = this
    let low = first
    let high = end - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (durationSeconds > binEdges[middle + 1]) low = middle + 1
      else high = middle
    }
    return low
  }

  /**
   * @param negative number of bounds below zero
   * @returns whether a segment is split more than once
   */
  #numberBins(negative: number): boolean {
    const { bounds, binEdges, bucketOfBin, binOfSegment, boundOfSegment } = this
    let bin = 0
    let bucket = negative
    let isDense = false
    const addBin = (edge: number) => {
      binEdges[bin] = edge
      bucketOfBin[bin++] = bucket
    }
    const addBins = (from: number, end: number) => {
      addBin(from)
      while (bucket < bounds.length && bounds[bucket] < end) addBin(bounds[bucket++])
    }
    addBins(0, SEGMENTS_SECONDS_MIN)
    for (let segment = 0; segment < SEGMENT_COUNT; segment++) {
      const first = bucket
      binOfSegment[segment] = bin
      addBins(segmentEdge(segment), segmentEdge(segment + 1))
      if (bucket > first) boundOfSegment[segment] = bounds[first]
      if (bucket > first + 1) isDense = true
    }
    binOfSegment[SEGMENT_COUNT] = bin
    addBins(SEGMENTS_SECONDS_END, Number.POSITIVE_INFINITY)
    binEdges[bin] = Number.POSITIVE_INFINITY
    return isDense
  }
}

/** The layout of vLLM's own buckets. */
export const DEFAULT_LAYOUT = new BinLayout(DURATION_BOUNDS_SECONDS)

function segmentOf(durationSeconds: number): number {
  scratch[0] = durationSeconds
  return (scratchWords[1] >>> SEGMENT_SHIFT) - SEGMENT_BASE
}

function segmentEdge(segment: number): number {
  scratchWords[0] = 0
  scratchWords[1] = (segment + SEGMENT_BASE) << SEGMENT_SHIFT
  return scratch[0]
}
