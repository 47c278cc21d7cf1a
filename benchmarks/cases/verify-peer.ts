import type { Peer } from '../peers/peer.js'
import type { Rows } from '../workload/rows.js'
import { assertTotals, expectedTotals } from '../workload/totals.js'
import { recordRows } from './record-rows.js'

/** The capacity of the smallest peer. */
const VERIFIED_ROWS = 2_048

/**
 * Check that a peer counts rows as a plain loop does, before it is timed.
 *
 * @throws Error naming the peer and the figure that differs
 */
export async function verifyPeer(peer: Peer, rows: Rows): Promise<void> {
  const session = await peer.open()
  recordRows(session.operation('load_get'), rows, VERIFIED_ROWS)
  await session.report?.()
  session.receive?.()
  const expected = expectedTotals(rows, VERIFIED_ROWS)
  assertTotals(peer.name, peer.counts, await session.totals(), expected)
  session.close?.()
}
