import { recordRows } from '../cases/record-rows.js'
import type { PeerSession } from '../peers/peer.js'
import type { Rows } from './rows.js'

/** Four operations, which with the three statuses of mixed rows make twelve series. */
export const OPERATIONS = ['load_get', 'save_put', 'lookup_exists', 'save_exists'] as const

/** Record rows spread over twelve series. */
export function recordTwelveSeries(session: PeerSession, rows: Rows, count: number): void {
  for (const name of OPERATIONS) {
    recordRows(session.operation(name), rows, Math.ceil(count / OPERATIONS.length))
  }
}
