import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { FAST_PASS, type Peer, type PeerOperation, type PeerSession } from './peer.js'

const NS_PER_SECOND = 1e9

/** Node's own histogram: durations only. */
export const perfHooks: Peer = {
  name: 'perf-hooks',
  title: 'node:perf_hooks histogram, duration only',
  leavesOut:
    'keys, bytes, failed keys, statuses, exact sums, `le` buckets; nanoseconds as integers',
  counts: ['rows'],
  rowsPerPass: FAST_PASS / 4,
  open: async () => new PerfHooks(),
}

class PerfHooks implements PeerSession, PeerOperation {
  readonly #histogram: RecordableHistogram = createHistogram({ figures: 2 })

  operation(): PeerOperation {
    return this
  }

  record(duration: number): void {
    this.#histogram.record(Math.max(1, Math.round(duration * NS_PER_SECOND)))
  }

  async totals() {
    return { rows: this.#histogram.count }
  }
}
