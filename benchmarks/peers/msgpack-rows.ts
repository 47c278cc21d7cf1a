import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { Packr } from 'msgpackr'
import {
  ALL_FIGURES,
  MEDIUM_PASS,
  type Peer,
  type PeerOperation,
  type PeerSession,
} from './peer.js'
import { RowPushers } from './push-rows.js'
import { RowCounter } from './row-counter.js'
import type { RowObject } from './row-sum.js'

/**
 * Row objects posted as one MessagePack every interval, counted by prom-client on the main thread.
 */
export const msgpackRows: Peer = {
  name: 'msgpack-rows',
  title: 'rows posted with msgpackr',
  leavesOut: 'what prom-client leaves out; rows of a crash are lost',
  counts: ALL_FIGURES,
  rowsPerPass: MEDIUM_PASS,
  sendsRows: true,
  open: async () => new MsgpackRows(),
}

class MsgpackRows implements PeerSession {
  readonly #packr = new Packr({ useRecords: false, variableMapSize: true })
  readonly #channel = new MessageChannel()
  readonly #pushers = new RowPushers()
  readonly #main = new RowCounter()

  operation(name: string): PeerOperation {
    return this.#pushers.operation(name)
  }

  report(): void {
    const operations = [...this.#pushers.all].map(([name, pusher]) => [name, pusher.take()])
    // A copy: the packed buffer is a view of a pool, which posting would clone as a whole.
    const bytes = new Uint8Array(this.#packr.pack(Object.fromEntries(operations)))
    // Not transferred either, because a transfer slows down all later array accesses of this
    // thread.
    this.#channel.port1.postMessage(bytes)
  }

  receive(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#channel.port2)
      if (received === undefined) return
      const operations = this.#packr.unpack(received.message) as Record<string, RowObject[]>
      for (const [name, rows] of Object.entries(operations)) {
        for (const row of rows) this.#main.add(name, row)
      }
    }
  }

  totals() {
    return this.#main.totals()
  }

  close(): void {
    this.#channel.port1.close()
  }
}
