import { DURATION_BOUNDS_SECONDS } from '../catalogue.js'
import { MoonmeterError } from '../errors.js'
import { FigureLayout } from './figure-layout.js'

/** Cells per octave: 2^5, so the middle of a cell is within 1.6 % of any duration in it. */
export const MANTISSA_BITS = 5
/** The highest 32 bits of a float64 hold sign, exponent and 20 mantissa bits. */
const MANTISSA_BITS_IN_HIGH_WORD = 20
const EXPONENT_BIAS = 1023
/** Durations below 2^-30 s (0.93 ns) share the first cell. */
const OCTAVE_MIN = -30
/** Durations from 2^16 s (18 h) share the last cell. */
const OCTAVE_END = 16

/** Right shift that turns the high word of a float64 into its cell number plus `CELL_BASE`. */
export const CELL_SHIFT = MANTISSA_BITS_IN_HIGH_WORD - MANTISSA_BITS
/** High word of the smallest duration that has a cell of its own, shifted by `CELL_SHIFT`. */
export const CELL_BASE = (EXPONENT_BIAS + OCTAVE_MIN) << MANTISSA_BITS
/** Number of log-linear cells between the two catch-all cells. */
const CELL_COUNT = (OCTAVE_END - OCTAVE_MIN) << MANTISSA_BITS
/** The smallest bound a bucket may have, in seconds: cells are split only from here on. */
export const BOUND_SECONDS_MIN = 2 ** OCTAVE_MIN
/** What every bound must be below, in seconds. */
export const BOUND_SECONDS_END = 2 ** OCTAVE_END

/** Slots of any layout at most: each cell is split once, and two slots catch the rest. */
export const SLOTS_MAX = 2 * CELL_COUNT + 2

const scratch = new Float64Array(1)
const scratchWords = new Uint32Array(scratch.buffer)

/**
 * Where a duration is counted: log-linear cells, of which those that hold a bucket bound are split
 * at it, so that one count serves exact `le` buckets and quantiles alike.
 *
 * Slots are the counters in ascending order of duration: slot 0 takes everything below 2^-30 s,
 * the last everything from 2^16 s, and each cell between has one slot, or two where a bound falls
 * in it (up to and including the bound; above it).
 *
 * The idea of cells from the top bits of the float is that of HdrHistogram.
 * @see http://hdrhistogram.org
 */
export class CellLayout {
  /** Bucket upper bounds in seconds, ascending, `+Inf` left out. */
  readonly bounds: readonly number[]
  /** Number of slots. */
  readonly slotCount: number
  /** Per cell (`CELL_COUNT` of them): its first slot. */
  readonly slotOfCell: Uint16Array
  /** Per cell: the bound that splits it, or `Infinity`, which no duration exceeds. */
  readonly boundOfCell: Float64Array
  /** Per slot: the index of the first bucket that counts it; `bounds.length` is `+Inf`. */
  readonly bucketOfSlot: Uint16Array
  /** Per slot: itself; for what folds slots into something where they are to stay. */
  readonly slots: Uint16Array
  /** Where the figures of a series stand that an exposition shows. */
  readonly figures: FigureLayout
  /** Per slot: the smallest duration it can hold, in seconds; one more entry closes the last. */
  readonly slotEdges: Float64Array

  /**
   * @param bounds bucket upper bounds in seconds, ascending, within [2^-30, 2^16).
   * @throws MoonmeterError `INVALID_OPTION` when they are not, or when two of them are so close
   * (within about 3 %) that they fall into one cell: the hot path compares once.
   */
  constructor(bounds: readonly number[]) {
    if (!Array.isArray(bounds) || !bounds.every((bound) => typeof bound === 'number')) {
      throw new MoonmeterError('INVALID_OPTION', 'bounds: expected an array of numbers')
    }
    this.bounds = Object.freeze([...bounds])
    this.slotOfCell = new Uint16Array(CELL_COUNT)
    this.boundOfCell = new Float64Array(CELL_COUNT).fill(Number.POSITIVE_INFINITY)
    for (const [index, bound] of bounds.entries()) this.#placeBound(bound, bounds[index - 1])
    this.slotCount = CELL_COUNT + bounds.length + 2
    this.figures = new FigureLayout(bounds.length)
    this.slotEdges = new Float64Array(this.slotCount + 1)
    this.bucketOfSlot = new Uint16Array(this.slotCount)
    this.slots = Uint16Array.from({ length: this.slotCount }, (_, slot) => slot)
    this.#numberSlots()
  }

  /** The slot that counts a duration (seconds, finite, not negative). */
  slotOf(durationSeconds: number): number {
    if (durationSeconds < BOUND_SECONDS_MIN) return 0
    if (durationSeconds >= BOUND_SECONDS_END) return this.slotCount - 1
    const cell = cellOf(durationSeconds)
    return this.slotOfCell[cell] + (durationSeconds > this.boundOfCell[cell] ? 1 : 0)
  }

  /**
   * The duration that stands for a slot, in seconds: its middle, at most 1.6 % from any duration
   * in it. The first slot answers 0 (off by under a nanosecond), the last its lower edge.
   */
  secondsOf(slot: number): number {
    if (slot === 0) return 0
    if (slot === this.slotCount - 1) return this.slotEdges[slot]
    return (this.slotEdges[slot] + this.slotEdges[slot + 1]) / 2
  }

  /** Whether stats counted in the other layout may be added to stats counted in this one. */
  equals(other: CellLayout): boolean {
    return this === other || this.matches(other.bounds)
  }

  /** Whether this is the layout of the given bounds. */
  matches(bounds: ArrayLike<number>): boolean {
    if (bounds.length !== this.bounds.length) return false
    return this.bounds.every((bound, index) => bound === bounds[index])
  }

  #placeBound(bound: number, previous: number | undefined): void {
    if (!(bound >= BOUND_SECONDS_MIN && bound < BOUND_SECONDS_END) || !(bound > (previous ?? 0))) {
      throw new MoonmeterError(
        'INVALID_OPTION',
        `bucket bounds: expected ascending seconds from 2^${OCTAVE_MIN} to under 2^${OCTAVE_END}, ` +
          `got ${bound} after ${previous ?? 'nothing'}`,
      )
    }
    const cell = cellOf(bound)
    if (this.boundOfCell[cell] !== Number.POSITIVE_INFINITY) {
      throw new MoonmeterError(
        'INVALID_OPTION',
        `bucket bounds: ${previous} and ${bound} are within 3 % of each other; ` +
          'drop one of them (quantiles come from finer cells anyway)',
      )
    }
    this.boundOfCell[cell] = bound
  }

  #numberSlots(): void {
    let slot = 1
    let bucket = 0
    for (let cell = 0; cell < CELL_COUNT; cell++) {
      this.slotOfCell[cell] = slot
      this.slotEdges[slot] = cellEdge(cell)
      this.bucketOfSlot[slot++] = bucket
      const bound = this.boundOfCell[cell]
      if (bound === Number.POSITIVE_INFINITY) continue
      this.slotEdges[slot] = bound
      this.bucketOfSlot[slot++] = ++bucket
    }
    this.slotEdges[slot] = BOUND_SECONDS_END
    this.slotEdges[slot + 1] = Number.POSITIVE_INFINITY
    this.bucketOfSlot[slot] = bucket
  }
}

/** The layout of vLLM's own buckets. */
export const DEFAULT_LAYOUT = new CellLayout(DURATION_BOUNDS_SECONDS)

function cellOf(durationSeconds: number): number {
  scratch[0] = durationSeconds
  return (scratchWords[1] >>> CELL_SHIFT) - CELL_BASE
}

function cellEdge(cell: number): number {
  scratchWords[0] = 0
  scratchWords[1] = (cell + CELL_BASE) << CELL_SHIFT
  return scratch[0]
}
