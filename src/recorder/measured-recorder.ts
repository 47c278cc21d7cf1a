import { MeasuredOperationRecorder } from './measured-operation-recorder.js'
import { Recorder, type RecordOptions, refuseMisspeltOptions } from './recorder.js'

/**
 * A recorder of an engine whose aggregator asks for extra metrics. It is a class of its own, so that
 * `record` of other recorders does nothing more.
 */
export class MeasuredRecorder extends Recorder {
  override record(
    operation: string,
    durationSeconds: number,
    numKeys: number,
    options?: RecordOptions,
  ): void {
    refuseMisspeltOptions(options)
    const handle = this.operation(operation)
    if (!(handle instanceof MeasuredOperationRecorder)) return
    handle.recordMeasured(
      durationSeconds,
      numKeys,
      options?.numBytes,
      options?.status,
      options?.numFailedKeys,
      options?.traceId,
      options?.numTransferredBytes,
      options?.numHitKeys,
    )
  }
}
