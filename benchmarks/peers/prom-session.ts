import type { Counter, Histogram, Registry } from 'prom-client'
import { DURATION_BOUNDS_SECONDS, STORE_METRICS } from '../../src/catalogue.js'
import type { Totals } from '../workload/totals.js'
import type { PeerOperation, PeerSession } from './peer.js'
import { type PromFamily, totalsOfFamilies } from './prom-families.js'

/** The part of prom-client's interface, which other clients have too, that is used here. */
export interface PromModule {
  readonly Registry: new () => Registry
  readonly Histogram: typeof Histogram
  readonly Counter: typeof Counter
}

type Labels = Readonly<Record<'model_name' | 'engine' | 'operation' | 'status', string>>

/** One labelled histogram and four labelled counters, each updated by every row. */
export class PromSession implements PeerSession {
  readonly registry: Registry
  readonly #histogram: Histogram
  readonly #operations: Counter
  readonly #keys: Counter
  readonly #bytes: Counter
  readonly #failedKeys: Counter

  constructor(prom: PromModule) {
    const registry = new prom.Registry()
    const define = ({
      name,
      help,
      labels,
    }: (typeof STORE_METRICS)[keyof typeof STORE_METRICS]) => ({
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
    })
    const { durationSeconds, operations, keys, bytes, failedKeys } = STORE_METRICS
    const buckets = [...DURATION_BOUNDS_SECONDS]
    this.registry = registry
    this.#histogram = new prom.Histogram({ ...define(durationSeconds), buckets })
    this.#operations = new prom.Counter(define(operations))
    this.#keys = new prom.Counter(define(keys))
    this.#bytes = new prom.Counter(define(bytes))
    this.#failedKeys = new prom.Counter(define(failedKeys))
  }

  operation(operation: string, engine = '0'): PeerOperation {
    return new PromOperation(this, engine, operation)
  }

  /** The five updates of a row. */
  update(labels: Labels, duration: number, keys: number, bytes: number, failedKeys: number): void {
    this.#histogram.observe(labels, duration)
    this.#operations.inc(labels, 1)
    this.#keys.inc(labels, keys)
    this.#bytes.inc(labels, bytes)
    this.#failedKeys.inc(labels, failedKeys)
  }

  async totals(): Promise<Totals> {
    return totalsOfFamilies((await this.registry.getMetricsAsJSON()) as unknown as PromFamily[])
  }
}

/**
 * Keeps the labels of each status. Children bound by `labels()` are no faster: every call of one
 * hashes its labels again.
 */
class PromOperation implements PeerOperation {
  readonly #session: PromSession
  readonly #engine: string
  readonly #operation: string
  readonly #labels = new Map<string, Labels>()

  constructor(session: PromSession, engine: string, operation: string) {
    this.#session = session
    this.#engine = engine
    this.#operation = operation
  }

  record(duration: number, keys: number, bytes: number, status: string, failedKeys: number): void {
    let labels = this.#labels.get(status)
    if (labels === undefined) {
      const [engine, operation] = [this.#engine, this.#operation]
      labels = { model_name: 'bench', engine, operation, status }
      this.#labels.set(status, labels)
    }
    this.#session.update(labels, duration, keys, bytes, failedKeys)
  }
}
