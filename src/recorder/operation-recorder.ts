import { HEADER, SERIES } from '../journal/journal-layout.js'
import { CELL_BASE, CELL_COUNT, CELL_SHIFT, OCTAVE_BIASED_MIN } from '../stats/cell-layout.js'
import { makeRow, STATUS_OK } from '../stats/row.js'
import type { Recorder } from './recorder.js'

const EXPONENT_SHIFT = 20
const FRACTION_MASK = 0xfffff
const HIDDEN_BIT = 0x100000
const TWO_32 = 2 ** 32

/**
 * Records one operation: the handle to hold on to where calls are frequent.
 *
 * `record` writes a row straight into the journal. Once it has begun to count a row it calls
 * nothing and loops nowhere, and a thread is only ever stopped at a call or at the end of a loop:
 * so a row is in the journal wholly or not at all, whatever ends the thread.
 */
export class OperationRecorder {
  readonly operation: string
  readonly #recorder: Recorder
  readonly #floats: Float64Array
  readonly #words: Int32Array
  readonly #slotOfCell: Uint16Array
  readonly #boundOfCell: Float64Array
  readonly #recentMask: number
  readonly #recent: number
  readonly #sumHigh: number
  readonly #sumLow: number
  /** The status `#base` belongs to; undefined where the next row has to ask for its series. */
  #status: string | undefined
  #base = 0

  /** Made by `Recorder.operation`. */
  constructor(operation: string, recorder: Recorder) {
    const { journal } = recorder
    const { layout } = journal
    this.operation = operation
    this.#recorder = recorder
    this.#floats = journal.floats
    this.#words = journal.words
    this.#slotOfCell = layout.cells.slotOfCell
    this.#boundOfCell = layout.cells.boundOfCell
    this.#recentMask = layout.recentRowsMax - 1
    this.#recent = layout.recent
    this.#sumHigh = layout.sumHigh
    this.#sumLow = layout.sumLow
  }

  /**
   * Record one call to the store.
   *
   * @param durationSeconds finite, zero or more
   * @param numKeys finite, zero or more; fractions are cut off, here and in the other counts
   * @param numBytes bytes the call attempted to move
   * @param status `ok`, `partial_failure`, `error`, or another word
   * @param numFailedKeys keys that failed
   * @throws MoonmeterError `INVALID_ROW` for a value out of range, `CLOSED` after the recorder's
   * `close`; nothing is recorded then
   */
  record(
    durationSeconds: number,
    numKeys: number,
    numBytes = 0,
    status: string = STATUS_OK,
    numFailedKeys = 0,
  ): void {
    if (status !== this.#status) this.#select(status)
    const floats = this.#floats
    const words = this.#words
    const base = this.#base
    const keys = Math.floor(numKeys)
    const bytes = Math.floor(numBytes)
    const failedKeys = Math.floor(numFailedKeys)
    const rows = floats[base + SERIES.rows]

    // The ring is where the float's bits are read from. A row that is refused below leaves its
    // duration behind, in the one place of the ring that no reader relies on.
    const recentAt = base + this.#recent + (rows & this.#recentMask)
    floats[recentAt] = durationSeconds
    const high = words[2 * recentAt + 1]
    const low = words[2 * recentAt]
    const cell = (high >>> CELL_SHIFT) - CELL_BASE
    // One compare of the cell refuses negative, NaN and infinite durations; the sum of the counts
    // is finite and not negative when each is (one alone below zero is caught by its own compare).
    if (
      cell >>> 0 >= CELL_COUNT ||
      !(keys >= 0 && bytes >= 0 && failedKeys >= 0) ||
      keys + bytes + failedKeys === Number.POSITIVE_INFINITY
    ) {
      this.#recordRare(durationSeconds, numKeys, numBytes, status, numFailedKeys)
      return
    }

    const above = +(durationSeconds > this.#boundOfCell[cell])
    floats[base + SERIES.cells + this.#slotOfCell[cell] + above] += 1
    // The exact sum: mantissas of one octave add up as integers, 32 low bits that carry into a
    // float64 for the 21 high ones. The carry of an unsigned add, without a compare.
    const octave = (high >>> EXPONENT_SHIFT) - OCTAVE_BIASED_MIN
    const lowAt = 2 * (base + this.#sumLow) + octave
    const before = words[lowAt]
    const after = (before + low) | 0
    words[lowAt] = after
    const carry = ((before & low) | ((before | low) & ~after)) >>> 31
    floats[base + this.#sumHigh + octave] += ((high & FRACTION_MASK) | HIDDEN_BIT) + carry
    floats[base + SERIES.keys] += keys
    floats[base + SERIES.bytes] += bytes
    floats[base + SERIES.failedKeys] += failedKeys
    floats[base + SERIES.rows] = rows + 1
    if (words[HEADER.reportDue] !== 0) this.#recorder.report()
  }

  /** Make the next row ask for its series again: after `close`, it must not find one. */
  forget(): void {
    this.#status = undefined
  }

  #select(status: string): void {
    this.#base = this.#recorder.baseOf(this.operation, status)
    this.#status = status
  }

  /** Zero, durations outside the cells' range, and everything that is refused. */
  #recordRare(
    durationSeconds: number,
    numKeys: number,
    numBytes: number,
    status: string,
    numFailedKeys: number,
  ): void {
    const row = makeRow(this.operation, durationSeconds, numKeys, {
      numBytes,
      status,
      numFailedKeys,
    })
    this.#writeRare(row.durationSeconds, row.numKeys, row.numBytes, row.numFailedKeys)
    if (this.#words[HEADER.reportDue] !== 0) this.#recorder.report()
  }

  /** Like `record`, this calls nothing once it has begun to write. */
  #writeRare(durationSeconds: number, keys: number, bytes: number, failedKeys: number): void {
    const floats = this.#floats
    const base = this.#base
    const { layout } = this.#recorder.journal
    const rows = floats[base + SERIES.rows]
    const recentAt = base + this.#recent + (rows & this.#recentMask)
    const high = this.#words[2 * recentAt + 1]
    const low = this.#words[2 * recentAt] >>> 0
    const slot = layout.cells.slotOf(durationSeconds)

    const exponent = high >>> EXPONENT_SHIFT
    const normal = Math.min(exponent, 1)
    const mantissaHigh = (high & FRACTION_MASK) | (normal << EXPONENT_SHIFT)
    const position = exponent - normal
    const shift = position & 31
    const limbAt = base + layout.rareSum + (position >>> 5)
    const sum0 = floats[limbAt] + ((low << shift) >>> 0)
    const carry0 = Math.floor(sum0 / TWO_32)
    const middle = ((mantissaHigh << shift) | ((low >>> 1) >>> (31 - shift))) >>> 0
    const sum1 = floats[limbAt + 1] + middle + carry0
    const carry1 = Math.floor(sum1 / TWO_32)

    floats[base + SERIES.cells + slot] += 1
    floats[limbAt] = sum0 - carry0 * TWO_32
    floats[limbAt + 1] = sum1 - carry1 * TWO_32
    floats[limbAt + 2] += ((mantissaHigh >>> 1) >>> (31 - shift)) + carry1
    floats[base + SERIES.keys] += keys
    floats[base + SERIES.bytes] += bytes
    floats[base + SERIES.failedKeys] += failedKeys
    floats[base + SERIES.rows] = rows + 1
  }
}
