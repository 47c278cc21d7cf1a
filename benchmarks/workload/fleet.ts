import * as prom from 'prom-client'
import { EngineAggregator } from '../../src/index.js'
import type { PeerOperation } from '../peers/peer.js'
import { PromSession } from '../peers/prom-session.js'
import { OpenEngine } from './open-engine.js'
import { makeRows, ROW_COUNT, type Rows } from './rows.js'

const OPERATIONS = ['load_get', 'save_put', 'lookup_exists', 'save_exists'] as const
const STATUSES = ['ok', 'error'] as const
/** Rows of a series between two scrapes: so many and up to as many more, by engine. */
const ROWS_MIN = 3
const ROWS_VARY = 5

/** Many engines of 4 operations × 2 statuses in one registry. */
export interface Fleet {
  readonly registry: prom.Registry
  /** Every series of every engine counts some more rows. */
  advance(): void
}

/** The rows that an engine records between two scrapes; the same for everybody who counts them. */
function recordStep(
  operationOf: (name: string) => PeerOperation,
  rows: Rows,
  engine: number,
  step: number,
): void {
  const { durations, keys, bytes } = rows
  let at = engine * 31 + step * 17
  for (const name of OPERATIONS) {
    const operation = operationOf(name)
    for (const status of STATUSES) {
      const count = ROWS_MIN + (engine % ROWS_VARY)
      for (let row = 0; row < count; row++) {
        at = (at + 1) % ROW_COUNT
        const failed = status === 'error' ? keys[at] : 0
        operation.record(durations[at], keys[at], bytes[at], status, failed)
      }
    }
  }
}

/** Engines that report to an aggregator. */
export class MoonmeterFleet implements Fleet {
  readonly registry = new prom.Registry()
  readonly #aggregator = new EngineAggregator({ registry: this.registry, modelName: 'bench' })
  readonly #engines: readonly OpenEngine[]
  readonly #rows = makeRows('ok')
  #step = 0

  constructor(engines: number) {
    this.#engines = Array.from({ length: engines }, (_, index) => new OpenEngine(index))
  }

  advance(): void {
    for (const [index, { recorder }] of this.#engines.entries()) {
      recordStep((name) => recorder.operation(name), this.#rows, index, this.#step)
      recorder.report()
    }
    this.#step++
    for (const engine of this.#engines) {
      const bytes = engine.take()
      const accepted = bytes !== undefined && this.#aggregator.ingest(bytes).accepted
      if (!accepted) throw new Error('fleet: a report was refused')
    }
  }
}

/** The same series in prom-client's own metrics. */
export class PromFleet implements Fleet {
  readonly #session: PromSession
  readonly #operations: readonly ReadonlyMap<string, PeerOperation>[]
  readonly #rows = makeRows('ok')
  #step = 0

  constructor(engines: number, module = prom) {
    this.#session = new PromSession(module)
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
      recordStep(operationOf, this.#rows, index, this.#step)
    }
    this.#step++
  }
}
