import type { PeerOperation, PeerSession } from '../peers/peer.js'
import { ROWS_PER_REPORT } from '../peers/peer.js'
import { ROW_COUNT, type Rows } from '../workload/rows.js'

const MASK = ROW_COUNT - 1

/** Records the rows in order, and starts over after the last. */
export function recordRows(operation: PeerOperation, rows: Rows, count: number): void {
  const { durations, keys, bytes, statuses, failedKeys } = rows
  for (let index = 0; index < count; index++) {
    const at = index & MASK
    operation.record(durations[at], keys[at], bytes[at], statuses[at], failedKeys[at])
  }
}

/** Record rows and send them every `ROWS_PER_REPORT` rows. */
export function recordAndSendRows(
  session: PeerSession,
  operation: PeerOperation,
  rows: Rows,
  count: number,
): void {
  for (let left = count; left > 0; left -= ROWS_PER_REPORT) {
    recordRows(operation, rows, Math.min(left, ROWS_PER_REPORT))
    session.report?.()
  }
}
