import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { ALL_FIGURES, type Peer, type PeerOperation, type PeerSession, SLOW_PASS } from './peer.js'
import { RowCounter } from './row-counter.js'
import type { RowObject } from './row-sum.js'

/** Every row is posted as a separate message, and counted by prom-client on the main thread. */
export const cloneRows: Peer = {
  name: 'clone-rows',
  title: 'every row posted by structured clone',
  leavesOut: 'what prom-client leaves out',
  counts: ALL_FIGURES,
  rowsPerPass: SLOW_PASS,
  sendsRows: true,
  open: async () => new CloneRows(),
}

interface RowMessage extends RowObject {
  readonly operation: string
}

class CloneRows implements PeerSession {
  readonly #channel = new MessageChannel()
  readonly #main = new RowCounter()

  operation(name: string): PeerOperation {
    return new RowPoster(this.#channel.port1, name)
  }

  receive(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#channel.port2)
      if (received === undefined) return
      const row: RowMessage = received.message
      this.#main.add(row.operation, row)
    }
  }

  totals() {
    return this.#main.totals()
  }

  close(): void {
    this.#channel.port1.close()
  }
}

class RowPoster implements PeerOperation {
  readonly #port: MessagePort
  readonly #operation: string

  constructor(port: MessagePort, operation: string) {
    this.#port = port
    this.#operation = operation
  }

  record(
    duration_seconds: number,
    num_keys: number,
    num_bytes: number,
    status: string,
    num_failed_keys: number,
  ): void {
    const operation = this.#operation
    const row = { operation, duration_seconds, num_keys, num_bytes, status, num_failed_keys }
    this.#port.postMessage(row)
  }
}
