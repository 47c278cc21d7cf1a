/** The counts of an engine's operation, as in the result of `moonmeter simulate --json`. */
export interface OperationCounts {
  readonly calls: number
  readonly keys: number
  readonly bytes: number
  readonly failedKeys: number
  readonly errors: number
}

/** A row of the engine of the fleet test. */
export interface FleetRow {
  readonly operation: string
  readonly durationSeconds: number
  readonly numKeys: number
  readonly numBytes: number
  readonly status: 'ok' | 'error'
  readonly numFailedKeys: number
}

const OPERATIONS = ['load_get', 'save_put', 'lookup_exists'] as const
const BLOCK_BYTES = 4_096

/** The row that the engine of the fleet test records, by its number from 0 on. */
export function fleetRow(index: number): FleetRow {
  const status = index % 7 === 0 ? 'error' : 'ok'
  const numKeys = 1 + (index % 5)
  return {
    operation: OPERATIONS[index % OPERATIONS.length] ?? '',
    durationSeconds: 2 ** -(1 + (index % 8)),
    numKeys,
    numBytes: numKeys * BLOCK_BYTES,
    status,
    numFailedKeys: status === 'error' ? numKeys : 0,
  }
}

/** The counts by operation of the first rows of an engine. */
export function countFleetRows(rows: number): Map<string, OperationCounts> {
  const counts = new Map<string, OperationCounts>()
  for (let index = 0; index < rows; index++) {
    const { operation, numKeys, numBytes, status, numFailedKeys } = fleetRow(index)
    const row = {
      calls: 1,
      keys: numKeys,
      bytes: numBytes,
      failedKeys: numFailedKeys,
      errors: Number(status === 'error'),
    }
    counts.set(operation, addCounts(counts.get(operation), row))
  }
  return counts
}

/** The sum of two counts. */
export function addCounts(left: OperationCounts | undefined, right: OperationCounts) {
  return {
    calls: (left?.calls ?? 0) + right.calls,
    keys: (left?.keys ?? 0) + right.keys,
    bytes: (left?.bytes ?? 0) + right.bytes,
    failedKeys: (left?.failedKeys ?? 0) + right.failedKeys,
    errors: (left?.errors ?? 0) + right.errors,
  } satisfies OperationCounts
}
