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
// Saves a load at each of three uses: V8 inlines `record` only up to 460 bytes of bytecode.
const { floor } = Math

/** The methods of an engine's recorder that its operation recorders call. */
export interface SeriesOwner {
  readonly bins: BinLayout
  /** The block that rows of a series are written to. */
  blockOf(operation: string, status: string): SeriesBlock
  /** Send a report. */
  report(): void
  /** Keep a row with its trace id as the exemplar of its bucket. Does not throw. */
  noteExemplar(block: SeriesBlock, durationSeconds: number, traceId: string): void
}

/**
 * Records one operation. For frequent calls, keep this handle: it saves the look-up by name.
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
  /**
   * The status that `#block` belongs to; `UNSET_STATUS` if the next row must look up its series.
   */
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
   * @param traceId the id of the call's trace, 1 to 120 characters, for an exemplar of the
   * histogram; default: the result of the recorder's option `traceId`, or none. An invalid id is
   * ignored, and the first is emitted as a warning.
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
    // One comparison checks all values: the sum is NaN or too large if any value is.
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
    // Readers on other threads detect a row that is half written by this number.
    floats[ROWS_BEGUN]++
    // Adding zero turns -0 into 0, whose sign bit would make it a negative duration.
    floats[RECENT + (rows & RECENT_MASK)] = durationSeconds + 0
    floats[KEYS] += keys * UNIT
    floats[BYTES] += bytes * UNIT
    // Most rows have no failed keys, and the condition saves a load and a store. The argument is
    // compared, not the integer, which compiled code would convert to an int32 and back first (0.4
    // ns).
    if (numFailedKeys >= 1) floats[FAILED_KEYS] += failedKeys * UNIT
    // Not `rows + 1`, which V8 adds as an integer (see COUNTER_UNIT): 1.2 ns more on Node 26.
    floats[ROWS]++
    // `> 0` compiles to one branch, `!== 0` to two, since NaN also differs from 0. The same call
    // keeps a trace id: V8 inlines functions of up to 460 bytes of bytecode, and with a second call
    // this function had 475, so a row took 20 ns instead of 11.
    if ((rows & FOLD_MASK) === FOLD_MASK || floats[DUE_AT] > 0 || traceId !== undefined) {
      this.#settle(durationSeconds, traceId)
    }
  }

  /**
   * Count a call that begins, for the metric of calls in flight. Each `begin` needs an `end`,
   * whether the call succeeds or fails; `record` is independent of both. Has no effect unless the
   * option `extraMetrics` enables a metric.
   *
   * @throws MoonmeterError `CLOSED` after the recorder's `close`
   */
  begin(): void {}

  /** Count the end of a call that `begin` counted. Does not throw. */
  end(): void {}

  /** Make the next row look up its series: the current block is no longer read. @internal */
  detach(): void {
    this.#status = UNSET_STATUS
    this.#block = NO_BLOCK
    this.#floats = NO_BLOCK.floats
  }

  /** Keep an exemplar, fold or report, after the row is complete. */
  #settle(durationSeconds: number, traceId: string | undefined): void {
    // Before the report, so that the report contains the exemplar.
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

  /** Throws for an invalid row. Returns for a valid row whose sum of values exceeded the limit. */
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
