import * as platformatic from '@platformatic/prom-client'
import { ALL_FIGURES, type Peer, SLOW_PASS } from './peer.js'
import { type PromModule, PromSession } from './prom-session.js'

/** Platformatic's fork of prom-client. */
export const platformaticPromClient: Peer = {
  name: 'platformatic',
  title: '@platformatic/prom-client',
  leavesOut: 'exact sums, quantiles, statuses bounded in number; one thread only',
  counts: ALL_FIGURES,
  rowsPerPass: SLOW_PASS,
  // Its types have the same members but refer to its own classes.
  open: async () => new PromSession(platformatic as unknown as PromModule),
}
