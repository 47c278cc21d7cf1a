import type { Attributes, Counter, Histogram } from '@opentelemetry/api'
import { DataPointType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import { DURATION_BOUNDS_SECONDS, STORE_METRICS } from '../../src/catalogue.js'
import type { Totals } from '../workload/totals.js'
import { ALL_FIGURES, type Peer, type PeerOperation, type PeerSession, SLOW_PASS } from './peer.js'

/** OpenTelemetry's SDK, the last major version for this Node: one histogram, four counters. */
export const openTelemetry: Peer = {
  name: 'opentelemetry',
  title: '@opentelemetry/sdk-metrics',
  leavesOut: 'exact sums, quantiles; one thread only',
  counts: ALL_FIGURES,
  rowsPerPass: SLOW_PASS,
  open: async () => new OpenTelemetry(),
}

class ManualReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

class OpenTelemetry implements PeerSession {
  readonly #reader = new ManualReader()
  readonly #histogram: Histogram
  readonly #counters: readonly [Counter, Counter, Counter, Counter]

  constructor() {
    const meter = new MeterProvider({ readers: [this.#reader] }).getMeter('bench')
    const { durationSeconds, operations, keys, bytes, failedKeys } = STORE_METRICS
    const counter = ({ name }: { readonly name: string }) => meter.createCounter(otelName(name))
    this.#histogram = meter.createHistogram(otelName(durationSeconds.name), {
      advice: { explicitBucketBoundaries: [...DURATION_BOUNDS_SECONDS] },
    })
    this.#counters = [counter(operations), counter(keys), counter(bytes), counter(failedKeys)]
  }

  operation(name: string): PeerOperation {
    return new OpenTelemetryOperation(this.#histogram, this.#counters, name)
  }

  async totals(): Promise<Totals> {
    const { resourceMetrics } = await this.#reader.collect()
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)
    const buckets = new Array<number>(DURATION_BOUNDS_SECONDS.length + 1).fill(0)
    let [rows, durationSeconds] = [0, 0]
    for (const { dataPointType, dataPoints } of metrics) {
      if (dataPointType !== DataPointType.HISTOGRAM) continue
      for (const { value } of dataPoints) {
        rows += value.count
        durationSeconds += value.sum ?? 0
        value.buckets.counts.forEach((count, bucket) => {
          for (let later = bucket; later < buckets.length; later++) buckets[later] += count
        })
      }
    }
    const sumOf = ({ name }: { readonly name: string }) =>
      metrics
        .filter(({ descriptor }) => descriptor.name === otelName(name))
        .flatMap(({ dataPoints }) => dataPoints.map(({ value }) => value))
        .reduce<number>((total, value) => total + (typeof value === 'number' ? value : 0), 0)
    const { keys, bytes, failedKeys } = STORE_METRICS
    const sums = { keys: sumOf(keys), bytes: sumOf(bytes), failedKeys: sumOf(failedKeys) }
    return { rows, durationSeconds, ...sums, buckets }
  }
}

class OpenTelemetryOperation implements PeerOperation {
  readonly #histogram: Histogram
  readonly #operations: Counter
  readonly #keys: Counter
  readonly #bytes: Counter
  readonly #failedKeys: Counter
  readonly #operation: string
  readonly #attributes = new Map<string, Attributes>()

  constructor(
    histogram: Histogram,
    counters: readonly [Counter, Counter, Counter, Counter],
    operation: string,
  ) {
    this.#histogram = histogram
    ;[this.#operations, this.#keys, this.#bytes, this.#failedKeys] = counters
    this.#operation = operation
  }

  record(duration: number, keys: number, bytes: number, status: string, failedKeys: number): void {
    let attributes = this.#attributes.get(status)
    if (attributes === undefined) {
      attributes = { model_name: 'bench', engine: '0', operation: this.#operation, status }
      this.#attributes.set(status, attributes)
    }
    this.#histogram.record(duration, attributes)
    this.#operations.add(1, attributes)
    this.#keys.add(keys, attributes)
    this.#bytes.add(bytes, attributes)
    this.#failedKeys.add(failedKeys, attributes)
  }
}

/** OpenTelemetry allows no colon in the name of an instrument. */
function otelName(name: string): string {
  return name.replace(':', '.')
}
