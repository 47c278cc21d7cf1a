import { OperationRecorder, type SeriesOwner } from './operation-recorder.js'

/**
 * Records one operation and asks for the trace id of each row that comes without one. A class of its
 * own, so that nothing of this is compiled into `record` of other handles.
 */
export class TracedOperationRecorder extends OperationRecorder {
  readonly #traceId: () => string | undefined

  /**
   * @param traceId the trace that the code that runs now belongs to; it does not throw
   * @internal
   */
  constructor(operation: string, owner: SeriesOwner, traceId: () => string | undefined) {
    super(operation, owner)
    this.#traceId = traceId
  }

  /** As that of `OperationRecorder`; the default of `traceId` is what the recorder's option returns. */
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
