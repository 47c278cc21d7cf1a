import type { Totals } from '../workload/totals.js'
import { FAST_PASS, type Peer, type PeerOperation, type PeerSession } from './peer.js'

/**
 * Rows the columns hold before they are overwritten; a power of two, and small enough for L1/L2.
 */
const CAPACITY = 2_048
const MASK = CAPACITY - 1

/** Five columns in typed arrays, written as rings: the least work to store a row. */
export const bareAppend: Peer = {
  name: 'bare-append',
  title: 'bare append of five columns (the limit)',
  leavesOut: 'any counting: sums, buckets, quantiles, checks',
  counts: ['rows', 'durationSeconds', 'keys', 'bytes', 'failedKeys'],
  rowsPerPass: FAST_PASS,
  open: async () => new BareAppend(),
}

class BareAppend implements PeerSession, PeerOperation {
  readonly #durations = new Float64Array(CAPACITY)
  readonly #keys = new Float64Array(CAPACITY)
  readonly #bytes = new Float64Array(CAPACITY)
  readonly #failedKeys = new Float64Array(CAPACITY)
  readonly #statuses = new Uint8Array(CAPACITY)
  readonly #codes = new Map<string, number>()
  #status = ''
  #code = 0
  #rows = 0

  operation(): PeerOperation {
    return this
  }

  record(duration: number, keys: number, bytes: number, status: string, failedKeys: number): void {
    if (status !== this.#status) this.#select(status)
    const at = this.#rows & MASK
    this.#durations[at] = duration
    this.#keys[at] = keys
    this.#bytes[at] = bytes
    this.#failedKeys[at] = failedKeys
    this.#statuses[at] = this.#code
    this.#rows++
  }

  async totals(): Promise<Partial<Totals>> {
    const sum = (column: Float64Array) => column.reduce((total, value) => total + value, 0)
    return {
      rows: this.#rows,
      durationSeconds: sum(this.#durations),
      keys: sum(this.#keys),
      bytes: sum(this.#bytes),
      failedKeys: sum(this.#failedKeys),
    }
  }

  #select(status: string): void {
    this.#code = this.#codes.get(status) ?? this.#codes.size
    this.#codes.set(status, this.#code)
    this.#status = status
  }
}
