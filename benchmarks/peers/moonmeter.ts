import { Registry } from 'prom-client'
import { EngineAggregator } from '../../src/index.js'
import { OpenEngine } from '../workload/open-engine.js'
import type { Totals } from '../workload/totals.js'
import { ALL_FIGURES, FAST_PASS, type Peer, type PeerOperation, type PeerSession } from './peer.js'
import { type PromFamily, totalsOfFamilies } from './prom-families.js'

/** This project: a bound handle, a report of all rows so far, an aggregator. */
export const moonmeter: Peer = {
  name: 'moonmeter',
  title: 'moonmeter, bound handle',
  leavesOut: '',
  counts: ALL_FIGURES,
  rowsPerPass: FAST_PASS,
  open: async () => new MoonmeterSession(),
}

/** An engine and the aggregator of its reports, on one thread. */
export class MoonmeterSession implements PeerSession {
  readonly engine = new OpenEngine(0)
  readonly #registry = new Registry()
  readonly #aggregator = new EngineAggregator({ registry: this.#registry, modelName: 'bench' })
  /** Bytes of the last report. */
  reportBytes = 0

  operation(name: string): PeerOperation {
    return this.engine.recorder.operation(name)
  }

  report(): void {
    this.engine.recorder.report()
  }

  receive(): void {
    for (;;) {
      const bytes = this.engine.take()
      if (bytes === undefined) return
      this.reportBytes = bytes.length
      const { accepted } = this.#aggregator.ingest(bytes)
      if (!accepted) throw new Error('moonmeter: a report was rejected')
    }
  }

  async totals(): Promise<Totals> {
    return totalsOfFamilies((await this.#registry.getMetricsAsJSON()) as unknown as PromFamily[])
  }

  close(): void {
    this.engine.close()
    void this.#aggregator.close()
  }
}
