import { FAST_PASS, type Peer, type PeerSession } from './peer.js'

/** The loop that reads the rows, with four additions so that it is not optimised away. */
export const loopAlone: Peer = {
  name: 'loop',
  title: 'the loop alone (calibration)',
  leavesOut: 'everything',
  counts: ['keys', 'bytes', 'failedKeys'],
  rowsPerPass: FAST_PASS,
  open: async () => new LoopAlone(),
}

class LoopAlone implements PeerSession {
  #durations = 0
  #keys = 0
  #bytes = 0
  #failedKeys = 0

  operation() {
    return this
  }

  record(duration: number, keys: number, bytes: number, status: string, failedKeys: number): void {
    if (status === '') return
    this.#durations += duration
    this.#keys += keys
    this.#bytes += bytes
    this.#failedKeys += failedKeys
  }

  async totals() {
    const durationSeconds = this.#durations
    return { durationSeconds, keys: this.#keys, bytes: this.#bytes, failedKeys: this.#failedKeys }
  }
}
