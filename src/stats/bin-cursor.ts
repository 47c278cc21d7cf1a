import { BINS_MAX } from './bin-layout.js'
import { NumberReader } from './leb128.js'
import type { PackedBins } from './packed-bins.js'

/** The bin of a cursor after its last bin. */
export const BINS_END = Number.POSITIVE_INFINITY

/** Reads packed counts, one non-empty bin at a time. */
export class BinCursor {
  readonly #reader = new NumberReader()
  /** The bin that was read last; `BINS_END` after the last one. */
  bin = BINS_END
  /** The count of that bin. */
  count = 0

  /** Start to read other counts, from their first bin. */
  reset(packed: PackedBins): void {
    this.#reader.reset(packed)
    this.bin = -1
    this.advance()
  }

  /** Read the next bin. Malformed bytes end the reading. */
  advance(): void {
    const reader = this.#reader
    this.bin++
    this.count = reader.isAtEnd ? 0 : reader.next()
    if (this.count === 0 && !reader.isAtEnd) {
      this.bin += reader.next()
      this.count = reader.next()
    }
    // The condition is false for NaN, too: numbers that are too long are read as NaN.
    if (!(this.count > 0 && this.bin < BINS_MAX)) this.bin = BINS_END
  }
}
