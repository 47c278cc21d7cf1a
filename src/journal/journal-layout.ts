import { type CellLayout, OCTAVE_COUNT } from '../stats/cell-layout.js'
import { LIMB_COUNT } from '../stats/exact-sum.js'

/** Bytes of one float64, the unit of every offset here. */
export const FLOAT64_BYTES = 8
/** UTF-8 bytes a name may have in a journal: its length is kept in one byte. */
export const LABEL_BYTES_MAX = 255
/** Bytes of a series' two names, each behind its length. */
const NAMES_BYTES = 2 * (1 + LABEL_BYTES_MAX)

/** Words (int32) at the start of a journal; the comments say who writes them. */
export const HEADER = {
  /** The creator: that this memory is a journal, and of which version. */
  magic: 0,
  /** The recorder: series that have a name, published after it. */
  seriesCount: 1,
  /** The aggregator: 1 asks for a report, also from inside `record`; the recorder sets it to 0. */
  reportDue: 2,
  /** The recorder: reports made, counted before their series are read. */
  posted: 3,
  /** The aggregator: reports taken from the port. */
  taken: 4,
  /** The aggregator: 1 asks the engine to stop. */
  stopRequested: 5,
  /** The recorder: 1 from its start on, 2 when it was closed. */
  state: 6,
} as const

/** Values of the header's `state`. */
export const JOURNAL_STATE = { fresh: 0, recording: 1, closed: 2 } as const

/** Float64 units the header takes. */
const HEADER_LENGTH = 32

/** Offsets of the fields of a series from the start of its block, in float64 units. */
export const SERIES = {
  rows: 0,
  keys: 1,
  bytes: 2,
  failedKeys: 3,
  cells: 4,
} as const

/**
 * Where everything stands in a journal: a header, then one block of equal size per series.
 * A block holds the four counts, the cells, the duration sum in lanes per octave, a wide sum for
 * durations outside the cells' range, the names, and a ring of the most recent durations.
 */
export class JournalLayout {
  readonly cells: CellLayout
  /** Series a journal has room for. */
  readonly seriesMax: number
  /** Durations the ring of a series holds; a power of two. */
  readonly recentRowsMax: number
  /** Offsets in float64 units from the start of a block; see `SERIES` for the first ones. */
  readonly sumHigh: number
  readonly sumCarry: number
  readonly sumLow: number
  readonly rareSum: number
  readonly names: number
  readonly recent: number
  /** Float64 units a block takes. */
  readonly seriesLength: number

  constructor(cells: CellLayout, seriesMax: number, recentRowsMax: number) {
    this.cells = cells
    this.seriesMax = seriesMax
    this.recentRowsMax = recentRowsMax
    this.sumHigh = SERIES.cells + cells.slotCount
    this.sumCarry = this.sumHigh + OCTAVE_COUNT
    this.sumLow = this.sumCarry + OCTAVE_COUNT
    this.rareSum = this.sumLow + Math.ceil(OCTAVE_COUNT / 2)
    this.names = this.rareSum + LIMB_COUNT
    this.recent = this.names + NAMES_BYTES / FLOAT64_BYTES
    this.seriesLength = this.recent + recentRowsMax
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
