import type { CellLayout } from '../stats/cell-layout.js'
import { LIMB_COUNT } from '../stats/exact-sum.js'
import { LABEL_BYTES_MAX } from '../stats/label.js'

/** Bytes of one float64, the unit of every offset here. */
export const FLOAT64_BYTES = 8
/** Int32 in one float64. */
export const FLOAT64_WORDS = 2
/** Most recent durations that a journal keeps per series; a power of two. */
export const RECENT_ROWS = 2_048
/** Bytes of a series' two names, each behind its length. */
const NAMES_BYTES = 2 * (1 + LABEL_BYTES_MAX)

/** Words (int32) at the start of a journal; the comments say who writes them. */
export const HEADER = {
  /** The creator: that this memory is a journal, and of which version. */
  magic: 0,
  /** The recorder: series that have a name, published after it. */
  seriesCount: 1,
  /** The recorder: reports made, counted before their series are read. */
  posted: 2,
  /** The aggregator: reports taken from the port. */
  taken: 3,
  /** The aggregator: 1 asks the engine to stop. */
  stopRequested: 4,
  /** The recorder: one of `JOURNAL_STATE`. */
  state: 5,
} as const

/** Values of the header's `state`. */
export const JOURNAL_STATE = { fresh: 0, recording: 1, closed: 2 } as const

/** Float64 units the header takes. */
const HEADER_LENGTH = 16

const RECENT = 5
const FOLDS = RECENT + RECENT_ROWS
const SUMS = FOLDS + 2

/**
 * Offsets of the fields of a series from the start of its block, in float64 units. They are
 * constants, so the hot path adds them for nothing; the cells, whose number depends on the bucket
 * bounds, come last.
 *
 * `record` writes what stands before `folding`. The rest is what `foldRows` makes of the
 * durations in the ring; of them, those of the rows from `folded` to `rows` are yet to be counted.
 */
export const SERIES = {
  /** Rows recorded. */
  rows: 0,
  keys: 1,
  bytes: 2,
  failedKeys: 3,
  /**
   * The aggregator asks for a report by a 1, which the recorder sets back to 0. Each series has a
   * place for it, so that `record` has one array to look at.
   */
  reportDue: 4,
  /** Ring of the most recent durations: that of row `r` is at `r` mod `RECENT_ROWS`. */
  recent: RECENT,
  /** Rows that the cells and the sum hold once the fold is done that was begun last. */
  folding: FOLDS,
  /** Rows that the cells and the sum hold. */
  folded: FOLDS + 1,
  /** The sum of the durations that were folded last: the multiples of 2^-44 s in them. */
  sumHigh: SUMS,
  /** The rest of them, which may be negative. */
  sumLow: SUMS + 1,
  /** The sum of all other durations, in the limbs of an `ExactSum`. */
  wideSum: SUMS + 2,
  /** Operation and status. */
  names: SUMS + 2 + LIMB_COUNT,
  /** Rows per slot of the cell layout. */
  cells: SUMS + 2 + LIMB_COUNT + NAMES_BYTES / FLOAT64_BYTES,
} as const

/** Where everything stands in a journal: a header, then one block of equal size per series. */
export class JournalLayout {
  readonly cells: CellLayout
  /** Series a journal has room for. */
  readonly seriesMax: number
  /** Float64 units a block takes. */
  readonly seriesLength: number
  #scratch: Float64Array<ArrayBuffer> | undefined

  constructor(cells: CellLayout, seriesMax: number) {
    this.cells = cells
    this.seriesMax = seriesMax
    this.seriesLength = SERIES.cells + cells.slotCount
  }

  /** Room for a block while it is being read; one for all, since reading never waits. */
  get scratch(): Float64Array<ArrayBuffer> {
    this.#scratch ??= new Float64Array(this.seriesLength)
    return this.#scratch
  }

  /** Bytes a journal takes; what was never written costs no memory. */
  get byteLength(): number {
    return (HEADER_LENGTH + this.seriesMax * this.seriesLength) * FLOAT64_BYTES
  }

  /** Where the block of a series starts, in float64 units. */
  baseOf(series: number): number {
    return HEADER_LENGTH + series * this.seriesLength
  }
}
