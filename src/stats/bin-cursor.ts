import { BINS_MAX } from './bin-layout.js'
import { NumberReader } from './leb128.js'
import type { PackedBins } from './packed-bins.js'

/** The bin of a cursor that is after its last bin. */
export const BINS_END = Number.POSITIVE_INFINITY

/** Reads packed counts, a bin with rows at a time. */
export class BinCursor {
  readonly #reader = new NumberReader()
  /** The bin that was read last; `BINS_END` after the last one. */
  bin = BINS_END
  /** Its count. */
  count = 0

  /** Read other counts, from their first bin. */
  reset(packed: PackedBins): void {
    this.#reader.reset(packed)
    this.bin = -1
    this.advance()
  }

  /** Read the next bin. Bytes that are no packed bins end the reading. */
  advance(): void {
    const reader = this.#reader
    this.bin++
    this.count = reader.isAtEnd ? 0 : reader.next()
    if (this.count === 0 && !reader.isAtEnd) {
      this.bin += reader.next()
      this.count = reader.next()
    }
    // Written so that NaN ends it, too: numbers that are too long are read as NaN.
    if (!(this.count > 0 && this.bin < BINS_MAX)) this.bin = BINS_END
  }
}
