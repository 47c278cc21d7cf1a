import { foldRows } from '../journal/fold-rows.js'
import type { Journal } from '../journal/journal.js'
import { RECENT_ROWS, REPORT_DUE, SERIES } from '../journal/journal-layout.js'
import type { CellLayout } from '../stats/cell-layout.js'
import { COUNT_MAX, makeRow, STATUS_OK } from '../stats/row.js'

// V8 folds constants of this module into the code of `record`, but looks imported ones up.
const { rows: ROWS, keys: KEYS, bytes: BYTES, failedKeys: FAILED_KEYS, recent: RECENT } = SERIES
const DUE = REPORT_DUE
const OK = STATUS_OK
const MAX = COUNT_MAX
const RECENT_MASK = RECENT_ROWS - 1
/** Rows between two folds; their durations fit the first-level cache many times. */
const FOLD_MASK = 256 - 1

/** What an operation's recorder needs of the engine's. */
export interface SeriesOwner {
  readonly journal: Journal
  /** Where the block of a series starts in the journal. */
  baseOf(operation: string, status: string): number
  /** Post a report. */
  report(): void
}

/**
 * Records one operation: the handle to hold on to where calls are frequent.
 *
 * `record` writes the counts and the duration of a row straight into the journal; what the
 * durations add up to is found for some hundred rows at a time, by a loop that has its tables at
 * hand. Once `record` has begun to write a row it calls nothing and loops nowhere, and a thread is
 * only ever stopped at a call or at the end of a loop: so a row is in the journal wholly or not at
 * all, whatever ends the thread.
 */
export class OperationRecorder {
  readonly operation: string
  readonly #owner: SeriesOwner
  readonly #floats: Float64Array
  readonly #words: Int32Array
  readonly #cells: CellLayout
  /** The status `#base` belongs to; undefined where the next row has to ask for its series. */
  #status: string | undefined
  #base = 0

  /** Made by `Recorder.operation`. */
  constructor(operation: string, owner: SeriesOwner) {
    const { floats, words, layout } = owner.journal
    this.operation = operation
    this.#owner = owner
    this.#floats = floats
    this.#words = words
    this.#cells = layout.cells
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
    status: string = OK,
    numFailedKeys = 0,
  ): void {
    // The sum is NaN or too large when one of them is.
    if (
      typeof durationSeconds !== 'number' ||
      typeof numKeys !== 'number' ||
      typeof numBytes !== 'number' ||
      typeof numFailedKeys !== 'number' ||
      !(durationSeconds >= 0 && numKeys >= 0 && numBytes >= 0 && numFailedKeys >= 0) ||
      !(durationSeconds + numKeys + numBytes + numFailedKeys <= MAX)
    ) {
      this.#check(durationSeconds, numKeys, numBytes, status, numFailedKeys)
    }
    if (status !== this.#status) this.#select(status)
    const keys = Math.floor(numKeys)
    const bytes = Math.floor(numBytes)
    const failedKeys = Math.floor(numFailedKeys)
    const floats = this.#floats
    const base = this.#base
    const rows = floats[base + ROWS]
    // Adding zero turns -0 into 0, whose bits would pass for those of a negative number.
    floats[base + RECENT + (rows & RECENT_MASK)] = durationSeconds + 0
    floats[base + KEYS] += keys
    floats[base + BYTES] += bytes
    floats[base + FAILED_KEYS] += failedKeys
    floats[base + ROWS] = rows + 1
    if ((rows & FOLD_MASK) === FOLD_MASK) foldRows(floats, this.#words, base, this.#cells)
    if (floats[DUE] !== 0) this.#owner.report()
  }

  /** Make the next row ask for its series again: after `close`, it must not find one. */
  forget(): void {
    this.#status = undefined
  }

  #select(status: string): void {
    this.#base = this.#owner.baseOf(this.operation, status)
    this.#status = status
  }

  /** Throws for a row that may not be recorded; one whose mere sum is too large may be. */
  #check(
    durationSeconds: number,
    numKeys: number,
    numBytes: number,
    status: string,
    numFailedKeys: number,
  ): void {
    makeRow(this.operation, durationSeconds, numKeys, { numBytes, status, numFailedKeys })
  }
}
