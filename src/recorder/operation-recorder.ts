import { foldRows } from '../journal/fold-rows.js'
import { COUNTER_UNIT, DUE, FOLD_ROWS, RECENT_ROWS, SERIES } from '../journal/journal-layout.js'
import { NO_BLOCK, type SeriesBlock } from '../journal/series-block.js'
import type { BinLayout } from '../stats/bin-layout.js'
import { COUNT_MAX, makeRow, STATUS_OK } from '../stats/row.js'
import { UNSET_STATUS } from './unset-status.js'

// V8 folds constants of this module into the code of `record`, but looks imported ones up.
const { rows: ROWS, numKeys: KEYS, numBytes: BYTES, numFailedKeys: FAILED_KEYS } = SERIES
const { rowsBegun: ROWS_BEGUN, due: DUE_AT, recent: RECENT } = SERIES
const UNIT = COUNTER_UNIT
const OK = STATUS_OK
const MAX = COUNT_MAX
const RECENT_MASK = RECENT_ROWS - 1
const FOLD_MASK = FOLD_ROWS - 1
// One load less than `Math.floor`, of which the bytecode of `record` has no room for three.
const { floor } = Math

/** What an operation's recorder needs of the engine's. */
export interface SeriesOwner {
  readonly bins: BinLayout
  /** The memory that rows of a series are written to. */
  blockOf(operation: string, status: string): SeriesBlock
  /** Send a report. */
  report(): void
  /** Keep a row with its trace id as the exemplar of its bucket. It does not throw. */
  noteExemplar(block: SeriesBlock, durationSeconds: number, traceId: string): void
}

/**
 * Records one operation. Keep this handle where calls are frequent: it saves the look-up by name.
 *
 * `record` writes the counters and the duration of a row straight into the journal. Every 256 rows,
 * `foldRows` counts the durations into bins and an exact sum. Once `record` has begun to write a
 * row, it makes no call and runs no loop, and V8 stops a thread only at a call or at the end of a
 * loop. So the journal has either all of a row or nothing of it, however the thread ends.
 */
export class OperationRecorder {
  /** The name of the operation. */
  readonly operation: string
  readonly #owner: SeriesOwner
  /** The status that `#block` belongs to; unset where the next row has to look its series up. */
  #status = UNSET_STATUS
  #block = NO_BLOCK
  #floats = NO_BLOCK.floats

  /** @internal */
  constructor(operation: string, owner: SeriesOwner) {
    this.operation = operation
    this.#owner = owner
  }

  /**
   * Record one call to the store.
   *
   * @param durationSeconds from 0 to 2^64
   * @param numKeys from 0 to 2^64; fractions are cut off, here and in the other counters
   * @param numBytes bytes the call attempted to move; default 0
   * @param status `ok` (default), `partial_failure`, `error`, or another word
   * @param numFailedKeys keys that failed; default 0
   * @param traceId the trace that the call belongs to, from 1 to 120 characters: an exemplar of the
   * histogram; default what the recorder's option `traceId` returns, or none. An invalid one is left
   * out and emitted as a warning once.
   * @throws MoonmeterError `INVALID_ROW` for a value out of range, `CLOSED` after the recorder's
   * `close`; nothing is recorded then
   */
  record(
    durationSeconds: number,
    numKeys: number,
    numBytes = 0,
    status: string = OK,
    numFailedKeys = 0,
    traceId?: string,
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
    const keys = floor(numKeys)
    const bytes = floor(numBytes)
    const failedKeys = floor(numFailedKeys)
    const floats = this.#floats
    const rows = floats[ROWS]
    // Readers on other threads see by it that a row is half written.
    floats[ROWS_BEGUN]++
    // Adding zero turns -0 into 0, whose bits would pass for those of a negative number.
    floats[RECENT + (rows & RECENT_MASK)] = durationSeconds + 0
    floats[KEYS] += keys * UNIT
    floats[BYTES] += bytes * UNIT
    // Most rows have none, and then one place less is read and written. The argument is compared, not
    // the integer, which compiled code would convert to an int32 and back first (0.4 ns).
    if (numFailedKeys >= 1) floats[FAILED_KEYS] += failedKeys * UNIT
    // Not `rows + 1`, which V8 adds as an integer (see COUNTER_UNIT): 1.2 ns more on Node 26.
    floats[ROWS]++
    // `> 0` is one branch, `!== 0` is two: NaN differs from 0 as well. A trace id is kept by the same
    // call, since V8 inlines no function of more than 460 bytes of bytecode: with a call of its own,
    // this one had 475, and a row took 20 ns instead of 11.
    if ((rows & FOLD_MASK) === FOLD_MASK || floats[DUE_AT] > 0 || traceId !== undefined) {
      this.#settle(durationSeconds, traceId)
    }
  }

  /**
   * Count a call that begins, for the metric of calls in flight. Each `begin` needs an `end`, whatever
   * becomes of the call; `record` is independent of both. It does nothing unless the aggregator's
   * `extraMetrics` asks for any.
   *
   * @throws MoonmeterError `CLOSED` after the recorder's `close`
   */
  begin(): void {}

  /** Count the end of a call that `begin` counted. It does not throw. */
  end(): void {}

  /** Make the next row look its series up again: the memory of this one is no longer read. @internal */
  detach(): void {
    this.#status = UNSET_STATUS
    this.#block = NO_BLOCK
    this.#floats = NO_BLOCK.floats
  }

  /** Do what follows some rows: keep an exemplar, fold, report. The row is complete by now. */
  #settle(durationSeconds: number, traceId: string | undefined): void {
    // Before the report, which then has it.
    if (traceId !== undefined) this.#owner.noteExemplar(this.#block, durationSeconds, traceId)
    const floats = this.#floats
    if ((floats[ROWS] & FOLD_MASK) !== 0 && !(floats[DUE_AT] > 0)) return
    foldRows(this.#block, this.#owner.bins)
    if (floats[DUE_AT] === DUE.report) this.#owner.report()
    else floats[DUE_AT] = DUE.nothing
  }

  #select(status: string): void {
    this.#block = this.#owner.blockOf(this.operation, status)
    this.#floats = this.#block.floats
    this.#status = status
  }

  /**
   * Throws for an invalid row. A valid one comes here too when only the sum of its values is large.
   */
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
