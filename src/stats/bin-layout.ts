import { DURATION_BOUNDS_SECONDS } from '../catalogue.js'
import { requireLittleEndian } from '../endianness.js'
import { MoonmeterError } from '../errors.js'

/** Segments per octave: 2^5, so the middle of a bin is within 1.6 % of any duration in it. */
export const MANTISSA_BITS = 5
/** The highest 32 bits of a float64 hold sign, exponent and 20 mantissa bits. */
const MANTISSA_BITS_IN_HIGH_WORD = 20
const EXPONENT_BIAS = 1023
/** Durations below 2^-30 s (0.93 ns) share the first bin. */
const OCTAVE_MIN = -30
/** Durations from 2^16 s (18 h) share the last bin. */
const OCTAVE_END = 16

/** Right shift that turns the high word of a float64 into its segment plus `SEGMENT_BASE`. */
export const SEGMENT_SHIFT = MANTISSA_BITS_IN_HIGH_WORD - MANTISSA_BITS
/** High word of the smallest duration that has a segment, shifted by `SEGMENT_SHIFT`. */
export const SEGMENT_BASE = (EXPONENT_BIAS + OCTAVE_MIN) << MANTISSA_BITS
/** Number of log-linear segments between the first and the last bin. */
const SEGMENT_COUNT = (OCTAVE_END - OCTAVE_MIN) << MANTISSA_BITS
/** The smallest bound a bucket may have, in seconds: segments are split only from here on. */
export const BOUND_SECONDS_MIN = 2 ** OCTAVE_MIN
/** Every bound is below this, in seconds. */
export const BOUND_SECONDS_END = 2 ** OCTAVE_END

/** Bins of any layout at most: each segment is split at most once. */
export const BINS_MAX = 2 * SEGMENT_COUNT + 2

// Every entry of the package loads this module, so that the error comes when it is imported.
requireLittleEndian()

/** Layouts by their own frozen bounds. */
const layouts = new WeakMap<readonly number[], BinLayout>()
const scratch = new Float64Array(1)
const scratchWords = new Uint32Array(scratch.buffer)

/**
 * The bins of a duration histogram: log-linear segments, each of them one bin, or two where a
 * bucket bound falls into it and splits it. One count per bin therefore gives exact `le` buckets
 * and quantiles alike.
 *
 * Bins ascend with the duration: bin 0 counts everything below 2^-30 s, the last bin everything
 * from 2^16 s. A split segment's first bin counts up to and including the bound.
 *
 * Segments are the top bits of the float64, as in HdrHistogram.
 * @see http://hdrhistogram.org
 */
export class BinLayout {
  /** Bucket upper bounds in seconds, ascending, `+Inf` left out. */
  readonly bounds: readonly number[]
  readonly binCount: number
  /** Per segment (`SEGMENT_COUNT` of them): its first bin. */
  readonly binOfSegment: Uint16Array
  /** Per segment: the bound that splits it, or `Infinity`, which no duration exceeds. */
  readonly boundOfSegment: Float64Array
  /** Per bin: the index of the first bucket that counts it; `bounds.length` is `+Inf`. */
  readonly bucketOfBin: Uint16Array
  /** Per bin: the bin itself, for functions that map bins to something. */
  readonly ownBin: Uint16Array
  /** Per bin: the smallest duration it can hold, in seconds; one more entry closes the last. */
  readonly binEdges: Float64Array

  /**
   * The layout for these bounds: the same object for vLLM's bounds, and for the `bounds` of a
   * layout.
   *
   * @param bounds bucket upper bounds in seconds, ascending, within [2^-30, 2^16); default vLLM's
   * @throws MoonmeterError `INVALID_OPTION`, as the constructor
   */
  static of(bounds: readonly number[] = DURATION_BOUNDS_SECONDS): BinLayout {
    const known = layouts.get(bounds)
    if (known !== undefined) return known
    return DEFAULT_LAYOUT.matches(bounds) ? DEFAULT_LAYOUT : new BinLayout(bounds)
  }

  /**
   * @param bounds bucket upper bounds in seconds, ascending, within [2^-30, 2^16)
   * @throws MoonmeterError `INVALID_OPTION` when they are not, or when two of them are so close
   * (within about 3 %) that they fall into one segment: the hot path compares once
   */
  constructor(bounds: readonly number[]) {
    if (!Array.isArray(bounds) || !bounds.every((bound) => typeof bound === 'number')) {
      throw new MoonmeterError(
        'INVALID_OPTION',
        'bounds: expected an array of numbers, the upper bounds of the buckets in seconds',
      )
    }
    this.bounds = Object.freeze([...bounds])
    layouts.set(this.bounds, this)
    this.binOfSegment = new Uint16Array(SEGMENT_COUNT)
    this.boundOfSegment = new Float64Array(SEGMENT_COUNT).fill(Number.POSITIVE_INFINITY)
    for (const [index, bound] of bounds.entries()) this.#placeBound(bound, bounds[index - 1])
    this.binCount = SEGMENT_COUNT + bounds.length + 2
    this.binEdges = new Float64Array(this.binCount + 1)
    this.bucketOfBin = new Uint16Array(this.binCount)
    this.ownBin = Uint16Array.from({ length: this.binCount }, (_, bin) => bin)
    this.#numberBins()
  }

  /** The bin that counts a duration (seconds, finite, not negative). */
  binOf(durationSeconds: number): number {
    if (durationSeconds < BOUND_SECONDS_MIN) return 0
    if (durationSeconds >= BOUND_SECONDS_END) return this.binCount - 1
    const segment = segmentOf(durationSeconds)
    return this.binOfSegment[segment] + (durationSeconds > this.boundOfSegment[segment] ? 1 : 0)
  }

  /**
   * The duration that represents a bin, in seconds: its middle, at most 1.6 % from any duration in
   * it. The first bin gives 0 (off by under a nanosecond), the last its lower edge.
   */
  secondsOf(bin: number): number {
    if (bin === 0) return 0
    if (bin === this.binCount - 1) return this.binEdges[bin]
    return (this.binEdges[bin] + this.binEdges[bin + 1]) / 2
  }

  /** Whether stats counted in the other layout may be added to stats counted in this one. */
  equals(other: BinLayout): boolean {
    return this === other || this.matches(other.bounds)
  }

  matches(bounds: ArrayLike<number>): boolean {
    if (this.bounds.length !== bounds?.length) return false
    return this.bounds.every((bound, index) => bound === bounds[index])
  }

  #placeBound(bound: number, previous: number | undefined): void {
    if (!(bound >= BOUND_SECONDS_MIN && bound < BOUND_SECONDS_END) || !(bound > (previous ?? 0))) {
      throw new MoonmeterError(
        'INVALID_OPTION',
        `bounds: expected ascending seconds from 2^${OCTAVE_MIN} to under 2^${OCTAVE_END}, ` +
          `got ${bound} after ${previous ?? 'nothing'}`,
      )
    }
    const segment = segmentOf(bound)
    if (this.boundOfSegment[segment] !== Number.POSITIVE_INFINITY) {
      throw new MoonmeterError(
        'INVALID_OPTION',
        `bounds: expected bounds at least 3 % apart, got ${previous} and ${bound}; ` +
          'drop one of them (quantiles come from finer bins anyway)',
      )
    }
    this.boundOfSegment[segment] = bound
  }

  #numberBins(): void {
    let bin = 1
    let bucket = 0
    for (let segment = 0; segment < SEGMENT_COUNT; segment++) {
      this.binOfSegment[segment] = bin
      this.binEdges[bin] = segmentEdge(segment)
      this.bucketOfBin[bin++] = bucket
      const bound = this.boundOfSegment[segment]
      if (bound === Number.POSITIVE_INFINITY) continue
      this.binEdges[bin] = bound
      this.bucketOfBin[bin++] = ++bucket
    }
    this.binEdges[bin] = BOUND_SECONDS_END
    this.binEdges[bin + 1] = Number.POSITIVE_INFINITY
    this.bucketOfBin[bin] = bucket
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
