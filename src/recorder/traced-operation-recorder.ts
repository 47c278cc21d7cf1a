import { OperationRecorder, type SeriesOwner } from './operation-recorder.js'

/**
 * Records one operation, and reads the id of the active trace for each row without a trace id. A
 * separate class keeps this code out of `record` of other handles.
 */
export class TracedOperationRecorder extends OperationRecorder {
  readonly #traceId: () => string | undefined

  /**
   * @param traceId returns the id of the active trace; it does not throw
   * @internal
   */
  constructor(operation: string, owner: SeriesOwner, traceId: () => string | undefined) {
    super(operation, owner)
    this.#traceId = traceId
  }

  /**
   * As `OperationRecorder.record`; the default of `traceId` is the result of the recorder's option.
   */
  override record(
    durationSeconds: number,
    numKeys: number,
    numBytes?: number,
    status?: string,
    numFailedKeys?: number,
    traceId = this.#traceId(),
  ): void {
    super.record(durationSeconds, numKeys, numBytes, status, numFailedKeys, traceId)
  }
}
