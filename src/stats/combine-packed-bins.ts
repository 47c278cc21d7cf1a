import { BINS_MAX } from './bin-layout.js'
import { NUMBER_BYTES_MAX, NumberReader, writeNumber } from './leb128.js'
import type { PackedBins } from './packed-bins.js'

/** A bin takes a count, and the number of empty bins before it with its mark. */
const BIN_BYTES_MAX = 2 * NUMBER_BYTES_MAX + 1
/** The bin of a cursor behind its last one. */
const END = Number.POSITIVE_INFINITY

const scratch = new Uint8Array(BINS_MAX * BIN_BYTES_MAX)

/** Reads packed counts, a bin with rows at a time. */
class BinCursor {
  readonly #reader = new NumberReader()
  /** The bin that was read last; `END` behind the last one. */
  bin = -1
  /** Its count. */
  count = 0

  reset(packed: PackedBins): void {
    this.#reader.reset(packed)
    this.bin = -1
    this.advance()
  }

  advance(): void {
    const reader = this.#reader
    this.bin++
    this.count = reader.isAtEnd ? 0 : reader.next()
    if (this.count === 0 && !reader.isAtEnd) {
      this.bin += reader.next()
      this.count = reader.next()
    }
    if (!(this.count > 0)) this.bin = END
  }
}

const left = new BinCursor()
const right = new BinCursor()

/**
 * What packed counts of one layout have grown by since earlier ones, or the sum of both, without
 * unpacking them: it takes the time of the bins that have rows. A difference is never less than zero.
 *
 * @param sign 1 for `first + second`, -1 for `first - second`
 */
export function combinePackedBins(first: PackedBins, second: PackedBins, sign: 1 | -1): PackedBins {
  left.reset(first)
  right.reset(second)
  let at = 0
  let next = 0
  while (left.bin !== END || right.bin !== END) {
    const bin = Math.min(left.bin, right.bin)
    let count = 0
    if (left.bin === bin) {
      count = left.count
      left.advance()
    }
    if (right.bin === bin) {
      count += sign * right.count
      right.advance()
    }
    if (!(count > 0) || bin >= BINS_MAX) continue
    if (bin > next) {
      scratch[at++] = 0
      at = writeNumber(scratch, at, bin - next)
    }
    at = writeNumber(scratch, at, count)
    next = bin + 1
  }
  return scratch.slice(0, at)
}
