import {
  ALL_FIGURES,
  MEDIUM_PASS,
  type Peer,
  type PeerOperation,
  type PeerSession,
} from './peer.js'
import { type RowObject, RowSum } from './row-sum.js'

/** A row object is pushed to an array that is passed on every interval, as in the reference. */
export const pushRows: Peer = {
  name: 'push-rows',
  title: 'push of row objects',
  leavesOut: 'any counting until the interval ends; nothing is sent; rows of a crash are lost',
  counts: ALL_FIGURES,
  rowsPerPass: 4 * MEDIUM_PASS,
  sendsRows: true,
  open: async () => new PushRows(),
}

class PushRows implements PeerSession {
  readonly #pushers = new RowPushers()
  readonly #sum = new RowSum()

  operation(name: string): PeerOperation {
    return this.#pushers.operation(name)
  }

  report(): void {
    for (const [, pusher] of this.#pushers.all) pusher.take()
  }

  receive(): void {
    for (const [, { taken }] of this.#pushers.all) for (const row of taken) this.#sum.add(row)
  }

  async totals() {
    return this.#sum.totals()
  }
}

/** Keeps the rows of an engine by operation. */
export class RowPushers {
  readonly all = new Map<string, RowPusher>()

  /** The pusher of an operation; the same each time. */
  operation(name: string): RowPusher {
    const known = this.all.get(name) ?? new RowPusher()
    this.all.set(name, known)
    return known
  }
}

/** Keeps the rows of one operation. */
class RowPusher implements PeerOperation {
  rows: RowObject[] = []
  /** The rows of the previous interval. */
  taken: RowObject[] = []

  record(
    duration_seconds: number,
    num_keys: number,
    num_bytes: number,
    status: string,
    num_failed_keys: number,
  ): void {
    this.rows.push({ duration_seconds, num_keys, num_bytes, status, num_failed_keys })
  }

  /** Start a new interval. */
  take(): RowObject[] {
    this.taken = this.rows
    this.rows = []
    return this.taken
  }
}
