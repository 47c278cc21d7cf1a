import { foldRows } from '../journal/fold-rows.js'
import type { Journal } from '../journal/journal.js'
import { RECENT_ROWS, SERIES } from '../journal/journal-layout.js'
import { NO_BLOCK, type SeriesBlock } from '../journal/series-block.js'
import { COUNT_MAX, makeRow, STATUS_OK } from '../stats/row.js'
import { NO_NAME } from './nobody.js'

// V8 folds constants of this module into the code of `record`, but looks imported ones up.
const { rows: ROWS, keys: KEYS, bytes: BYTES, failedKeys: FAILED_KEYS } = SERIES
const { reportDue: REPORT_DUE, recent: RECENT } = SERIES
const OK = STATUS_OK
const MAX = COUNT_MAX
const RECENT_MASK = RECENT_ROWS - 1
/** Rows between two folds; their durations fit the first-level cache many times. */
const FOLD_MASK = 256 - 1

/** What an operation's recorder needs of the engine's. */
export interface SeriesOwner {
  readonly journal: Journal
  /** The memory of a series in the journal. */
  blockOf(operation: string, status: string): SeriesBlock
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
  /** The status `#block` belongs to; none where the next row has to ask for its series. */
  #status = NO_NAME
  #block = NO_BLOCK
  #floats = NO_BLOCK.floats

  /** Made by `Recorder.operation`. */
  constructor(operation: string, owner: SeriesOwner) {
    this.operation = operation
    this.#owner = owner
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
    const rows = floats[ROWS]
    // Adding zero turns -0 into 0, whose bits would pass for those of a negative number.
    floats[RECENT + (rows & RECENT_MASK)] = durationSeconds + 0
    floats[KEYS] += keys
    floats[BYTES] += bytes
    // Most rows have none, and the place of theirs is one less to look at.
    if (failedKeys !== 0) floats[FAILED_KEYS] += failedKeys
    floats[ROWS] = rows + 1
    if ((rows & FOLD_MASK) === FOLD_MASK || floats[REPORT_DUE] !== 0) this.#settle()
  }

  /** Make the next row ask for its series again: after `close`, it must not find one. */
  forget(): void {
    this.#status = NO_NAME
    this.#block = NO_BLOCK
    this.#floats = NO_BLOCK.floats
  }

  #settle(): void {
    foldRows(this.#block, this.#owner.journal.layout.cells)
    if (this.#floats[REPORT_DUE] !== 0) this.#owner.report()
  }

  #select(status: string): void {
    this.#block = this.#owner.blockOf(this.operation, status)
    this.#floats = this.#block.floats
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
