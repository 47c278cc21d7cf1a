import { ExtrasOperationRecorder } from './extras-operation-recorder.js'
import { Recorder, type RecordOptions, refuseMisspeltOptions } from './recorder.js'

/**
 * A recorder that counts extra metrics, for an engine whose aggregator asks for them. It is a class of
 * its own, so that `record` of other recorders does nothing more.
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
    // Never so: all handles of this recorder are of that class, which the compiler does not know.
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
