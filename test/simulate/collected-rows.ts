import { STORE_OPERATIONS, type StoreOperation } from '../../src/simulate/store-call.js'
import type { OperationSink } from '../../src/simulate/workload.js'

/** A row as a sink was given it. */
export interface CollectedRow {
  readonly operation: StoreOperation
  readonly durationSeconds: number
  readonly numKeys: number
  readonly numBytes: number
  readonly status: string
  readonly numFailedKeys: number
}

/** Sinks that hand every row to `onRow`. */
export function sinksTo(
  onRow: (row: CollectedRow) => void,
): Readonly<Record<StoreOperation, OperationSink>> {
  const entries = STORE_OPERATIONS.map((operation) => [
    operation,
    {
      record: (
        durationSeconds: number,
        numKeys: number,
        numBytes = 0,
        status = 'ok',
        numFailedKeys = 0,
      ) => onRow({ operation, durationSeconds, numKeys, numBytes, status, numFailedKeys }),
    },
  ])
  return Object.fromEntries(entries) as Record<StoreOperation, OperationSink>
}
