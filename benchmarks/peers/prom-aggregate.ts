import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import * as prom from 'prom-client'
import type { Totals } from '../workload/totals.js'
import { ALL_FIGURES, type Peer, type PeerOperation, type PeerSession, SLOW_PASS } from './peer.js'
import { type PromFamily, totalsOfFamilies } from './prom-families.js'
import { PromSession } from './prom-session.js'

/** A registry in each worker, posted as JSON and aggregated as prom-client's clusters are. */
export const promAggregate: Peer = {
  name: 'prom-aggregate',
  title: 'prom-client, registries of workers aggregated',
  leavesOut: 'exact sums, quantiles; the counts of a worker that ends are lost',
  counts: ALL_FIGURES,
  rowsPerPass: SLOW_PASS,
  open: async () => new PromAggregate(),
}

class PromAggregate implements PeerSession {
  readonly #session = new PromSession(prom)
  readonly #channel = new MessageChannel()
  #aggregated = new prom.Registry()

  operation(name: string): PeerOperation {
    return this.#session.operation(name)
  }

  async report(): Promise<void> {
    this.#channel.port1.postMessage(await this.#session.registry.getMetricsAsJSON())
  }

  /**
   * A cluster aggregates all reports of a scrape together; here each report is aggregated
   * separately.
   */
  receive(): void {
    const received = receiveMessageOnPort(this.#channel.port2)
    if (received === undefined) return
    this.#aggregated = prom.AggregatorRegistry.aggregate([received.message])
  }

  async totals(): Promise<Totals> {
    return totalsOfFamilies((await this.#aggregated.getMetricsAsJSON()) as unknown as PromFamily[])
  }

  close(): void {
    this.#channel.port1.close()
  }
}
