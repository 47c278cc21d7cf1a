import { ExtrasOperationRecorder } from './extras-operation-recorder.js'
import { Recorder, type RecordOptions, refuseMisspeltOptions } from './recorder.js'

/**
 * A recorder that counts extra metrics. It is a separate class, so `record` of other recorders
 * needs no check for them.
 */
export class ExtrasRecorder extends Recorder {
  override record(
    operation: string,
    durationSeconds: number,
    numKeys: number,
    options?: RecordOptions,
  ): void {
    refuseMisspeltOptions(options)
    const handle = this.operation(operation)
    // Narrows the type only: all handles of this recorder are of that class.
    if (!(handle instanceof ExtrasOperationRecorder)) return
    handle.recordWithExtras(
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
