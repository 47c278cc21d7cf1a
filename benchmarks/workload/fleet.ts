import * as prom from 'prom-client'
import { EngineAggregator } from '../../src/index.js'
import type { PeerOperation } from '../peers/peer.js'
import { PromSession } from '../peers/prom-session.js'
import { EIGHT_SERIES, recordStep } from './fleet-step.js'
import { OpenEngine } from './open-engine.js'
import { makeRows } from './rows.js'
import { OPERATIONS } from './twelve-series.js'

/** Many engines in one registry. */
export interface Fleet {
  readonly registry: prom.Registry
  /** Records more rows in every series of every engine. */
  advance(): void
}

/** Engines of eight series that report to an aggregator. */
export class MoonmeterFleet implements Fleet {
  readonly registry = new prom.Registry()
  readonly aggregator: EngineAggregator
  readonly #engines: readonly OpenEngine[]
  readonly #rows = makeRows('ok')
  #step = 0

  /** @param nativeHistograms whether the aggregator exposes them in protobuf */
  constructor(engines: number, nativeHistograms = false) {
    const { registry } = this
    this.aggregator = new EngineAggregator({ registry, modelName: 'bench', nativeHistograms })
    this.#engines = Array.from({ length: engines }, (_, index) => new OpenEngine(index))
  }

  advance(): void {
    for (const [index, { recorder }] of this.#engines.entries()) {
      recordStep((name) => recorder.operation(name), this.#rows, EIGHT_SERIES, index, this.#step)
      recorder.report()
    }
    this.#step++
    for (const engine of this.#engines) {
      const bytes = engine.take()
      const accepted = bytes !== undefined && this.aggregator.ingest(bytes).accepted
      if (!accepted) throw new Error('fleet: a report was rejected')
    }
  }
}

/** The same series in prom-client's own metrics. */
export class PromFleet implements Fleet {
  readonly #session: PromSession
  readonly #operations: readonly ReadonlyMap<string, PeerOperation>[]
  readonly #statuses: readonly string[]
  readonly #rows = makeRows('ok')
  #step = 0

  constructor(engines: number, module = prom, statuses = EIGHT_SERIES) {
    this.#session = new PromSession(module)
    this.#statuses = statuses
    this.#operations = Array.from({ length: engines }, (_, index) => {
      const bind = (name: string) => [name, this.#session.operation(name, String(index))] as const
      return new Map(OPERATIONS.map(bind))
    })
  }

  get registry(): prom.Registry {
    return this.#session.registry
  }

  advance(): void {
    for (const [index, operations] of this.#operations.entries()) {
      const operationOf = (name: string) => operations.get(name) as PeerOperation
      recordStep(operationOf, this.#rows, this.#statuses, index, this.#step)
    }
    this.#step++
  }
}
