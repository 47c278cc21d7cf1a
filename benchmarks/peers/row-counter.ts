import * as prom from 'prom-client'
import type { PeerOperation } from './peer.js'
import { PromSession } from './prom-session.js'
import type { RowObject } from './row-sum.js'

/** Counts rows that were sent to the main thread, by prom-client. */
export class RowCounter {
  readonly #session = new PromSession(prom)
  readonly #operations = new Map<string, PeerOperation>()

  /** Count a row. */
  add(operation: string, row: RowObject): void {
    const counter = this.#operations.get(operation) ?? this.#session.operation(operation)
    this.#operations.set(operation, counter)
    const { duration_seconds, num_keys, num_bytes, status, num_failed_keys } = row
    counter.record(duration_seconds, num_keys, num_bytes, status, num_failed_keys)
  }

  /** The totals so far. */
  totals() {
    return this.#session.totals()
  }
}
