import * as prom from 'prom-client'
import { ALL_FIGURES, type Peer, SLOW_PASS } from './peer.js'
import { PromSession } from './prom-session.js'

/** prom-client: one labelled histogram and four labelled counters. */
export const promClient: Peer = {
  name: 'prom-client',
  title: 'prom-client',
  leavesOut: 'exact sums, quantiles, statuses bounded in number; one thread only',
  counts: ALL_FIGURES,
  rowsPerPass: SLOW_PASS,
  open: async () => new PromSession(prom),
}
