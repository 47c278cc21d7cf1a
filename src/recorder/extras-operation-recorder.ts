import { foldRows } from '../journal/fold-rows.js'
import {
  COUNTER_UNIT,
  DUE,
  EXTRAS,
  FOLD_ROWS,
  RECENT_ROWS,
  SERIES,
} from '../journal/journal-layout.js'
import { NO_BLOCK, type SeriesBlock } from '../journal/series-block.js'
import { COUNT_MAX, makeRow, requireCount, STATUS_OK } from '../stats/row.js'
import { OperationRecorder, type SeriesOwner } from './operation-recorder.js'
import { UNSET_STATUS } from './unset-status.js'

// V8 folds constants of this module into the code of `recordWithExtras`, but looks imported ones up.
const { rows: ROWS, numKeys: KEYS, numBytes: BYTES, numFailedKeys: FAILED_KEYS } = SERIES
const { rowsBegun: ROWS_BEGUN, due: DUE_AT, recent: RECENT } = SERIES
const UNIT = COUNTER_UNIT
const MAX = COUNT_MAX
const RECENT_MASK = RECENT_ROWS - 1
const FOLD_MASK = FOLD_ROWS - 1
const IN_FLIGHT = EXTRAS.inFlight
const { floor } = Math

/**
 * Records one operation with the counters of extra metrics. Like `OperationRecorder`, it makes no
 * call and runs no loop while it writes a row, so the extra counters of a row are in the journal if
 * and only if the row is. A separate class keeps this code out of `record` of other handles.
 */
export class ExtrasOperationRecorder extends OperationRecorder {
  readonly #owner: SeriesOwner
  readonly #readTraceId: (() => string | undefined) | undefined
  #status = UNSET_STATUS
  #block = NO_BLOCK
  #floats = NO_BLOCK.floats
  /** The block that counts calls in flight: that of the series `ok`, for calls of any status. */
  #inFlight: SeriesBlock | undefined

  /**
   * @param readTraceId returns the id of the active trace; it does not throw
   * @internal
   */
  constructor(operation: string, owner: SeriesOwner, readTraceId?: () => string | undefined) {
    super(operation, owner)
    this.#owner = owner
    this.#readTraceId = readTraceId
  }

  /**
   * As `OperationRecorder.record`. The bytes moved are `numBytes` less the share of the failed
   * keys.
   */
  override record(
    durationSeconds: number,
    numKeys: number,
    numBytes?: number,
    status?: string,
    numFailedKeys?: number,
    traceId?: string,
  ): void {
    this.recordWithExtras(durationSeconds, numKeys, numBytes, status, numFailedKeys, traceId)
  }

  /**
   * Record one call to the store with its extra counters.
   *
   * @param numTransferredBytes bytes moved; default `numBytes` less the share of the failed keys
   * @param numHitKeys keys that a lookup found; default 0
   * @throws MoonmeterError as `record`, also for an extra counter that is out of range
   * @internal
   */
  recordWithExtras(
    durationSeconds: number,
    numKeys: number,
    numBytes = 0,
    status = STATUS_OK,
    numFailedKeys = 0,
    traceId: string | undefined = this.#readTraceId?.(),
    numTransferredBytes?: number,
    numHitKeys = 0,
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
      makeRow(this.operation, durationSeconds, numKeys, { numBytes, status, numFailedKeys })
    }
    const keys = floor(numKeys)
    const bytes = floor(numBytes)
    const failedKeys = floor(numFailedKeys)
    const transferred = numTransferredBytes ?? shareOf(bytes, keys, failedKeys)
    if (
      typeof transferred !== 'number' ||
      typeof numHitKeys !== 'number' ||
      !(transferred >= 0 && numHitKeys >= 0 && transferred + numHitKeys <= MAX)
    ) {
      requireCount('numTransferredBytes', transferred)
      requireCount('numHitKeys', numHitKeys)
    }
    const transferredBytes = floor(transferred)
    const hitKeys = floor(numHitKeys)
    if (status !== this.#status) this.#select(status)
    const floats = this.#floats
    const extras = this.#block.extrasAt
    const rows = floats[ROWS]
    floats[ROWS_BEGUN]++
    floats[RECENT + (rows & RECENT_MASK)] = durationSeconds + 0
    floats[KEYS] += keys * UNIT
    floats[BYTES] += bytes * UNIT
    floats[FAILED_KEYS] += failedKeys * UNIT
    floats[extras] += transferredBytes * UNIT
    floats[extras + 1] += hitKeys * UNIT
    floats[ROWS]++
    if (traceId !== undefined) this.#owner.noteExemplar(this.#block, durationSeconds, traceId)
    if ((rows & FOLD_MASK) === FOLD_MASK || floats[DUE_AT] > 0) this.#settle()
  }

  override begin(): void {
    this.#inFlight ??= this.#owner.blockOf(this.operation, STATUS_OK)
    const { floats, extrasAt } = this.#inFlight
    floats[extrasAt + IN_FLIGHT]++
  }

  override end(): void {
    if (this.#inFlight === undefined) return
    const { floats, extrasAt } = this.#inFlight
    if (floats[extrasAt + IN_FLIGHT] > 0) floats[extrasAt + IN_FLIGHT]--
  }

  /** @internal */
  override detach(): void {
    this.#status = UNSET_STATUS
    this.#block = NO_BLOCK
    this.#floats = NO_BLOCK.floats
    this.#inFlight = undefined
  }

  #settle(): void {
    foldRows(this.#block, this.#owner.bins)
    if (this.#floats[DUE_AT] === DUE.report) this.#owner.report()
    else this.#floats[DUE_AT] = DUE.nothing
  }

  #select(status: string): void {
    this.#block = this.#owner.blockOf(this.operation, status)
    this.#floats = this.#block.floats
    this.#status = status
  }
}

/** The bytes of the keys that did not fail, if all keys of the call have the same size. */
function shareOf(numBytes: number, numKeys: number, numFailedKeys: number): number {
  if (numFailedKeys === 0) return numBytes
  if (numFailedKeys >= numKeys) return 0
  return Math.floor(numBytes * ((numKeys - numFailedKeys) / numKeys))
}
