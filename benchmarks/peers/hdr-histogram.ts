import { build, type Histogram, initWebAssembly } from 'hdr-histogram-js'
import { FAST_PASS, type Peer, type PeerOperation, type PeerSession } from './peer.js'

const US_PER_SECOND = 1e6

/** hdr-histogram-js in WebAssembly: durations only. */
export const hdrHistogram: Peer = {
  name: 'hdr-histogram',
  title: 'hdr-histogram-js (WASM), duration only',
  leavesOut:
    'keys, bytes, failed keys, statuses, exact sums, `le` buckets; microseconds as integers',
  counts: ['rows'],
  rowsPerPass: FAST_PASS / 4,
  async open() {
    await initWebAssembly()
    return new HdrHistogram()
  },
}

class HdrHistogram implements PeerSession, PeerOperation {
  readonly #histogram: Histogram = build({
    useWebAssembly: true,
    bitBucketSize: 64,
    highestTrackableValue: 2 ** 36,
    numberOfSignificantValueDigits: 2,
    autoResize: false,
  })

  operation(): PeerOperation {
    return this
  }

  record(duration: number): void {
    this.#histogram.recordValue(Math.round(duration * US_PER_SECOND))
  }

  async totals() {
    return { rows: this.#histogram.totalCount }
  }
}
