import assert from 'node:assert/strict'
import { test } from 'node:test'
import type * as prom from 'prom-client'
import {
  EngineAggregator,
  MooncakeStoreConnectorStats,
  MooncakeStorePromMetrics,
} from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { failure } from '../support/assertions/failures.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'
import { LIBRARIES } from '../support/registries/libraries.js'
import {
  addUsersMetrics,
  USERS_SAMPLES,
  usersSamples,
} from '../support/registries/users-metrics.js'

const HISTOGRAM = 'vllm:mooncake_store_operation_time_seconds'
const COUNTER = 'vllm:mooncake_store_operation_keys_total'
const LABELS = { model_name: 'm', engine: '1', operation: 'op', status: 'ok' }

/** Tests of every registry, each run with all libraries. */
const CASES: Readonly<Record<string, (library: typeof prom) => void | Promise<void>>> = {
  async 'default labels are on our samples in text and JSON, ours first'(library) {
    const { registry } = newRegistry(library)
    registry.setDefaultLabels({ host: 'a "b"', engine: 'theirs', number: 7 })
    for (const sample of parseExposition(await registry.metrics())) {
      const { le, ...rest } = sample.labels
      assert.deepEqual(rest, { ...LABELS, host: 'a "b"', number: '7' })
      assert.equal(le !== undefined, sample.name.endsWith('_bucket'))
    }
    const json = await registry.getMetricsAsJSON()
    assert.equal(json.length, 5)
    for (const { labels } of samplesOf(json)) {
      const { le: _le, ...rest } = labels
      assert.deepEqual(rest, { ...LABELS, host: 'a "b"', number: 7 })
    }
    // They are not added twice by a second scrape, and are removed after a reset.
    registry.setDefaultLabels({})
    const [sample] = parseExposition(await registry.metrics())
    assert.deepEqual(Object.keys(sample.labels), [...Object.keys(LABELS), 'le'])
  },

  async 'a default label named le is not on buckets, which have one'(library) {
    const { registry } = newRegistry(library)
    const before = parseExposition(await registry.metrics())
    registry.setDefaultLabels({ le: 'theirs' })
    const samples = parseExposition(await registry.metrics())
    const boundsOf = (all: typeof samples) =>
      all.filter(({ name }) => name.endsWith('_bucket')).map(({ labels }) => labels.le)
    assert.deepEqual(boundsOf(samples), boundsOf(before))
    assert.equal(samples.find(({ name }) => name === COUNTER)?.labels.le, 'theirs')
  },

  async 'a default label named instance is on engines without an instance only'(library) {
    const registry = new library.Registry()
    registry.setDefaultLabels({ instance: 'theirs' })
    const aggregator = new EngineAggregator({ registry })
    aggregator.ingest(reportBytes({ engine: 1 }))
    aggregator.ingest(reportBytes({ engine: 2, instance: 'own' }))
    const text = await registry.metrics()
    const instances = parseExposition(text)
      .filter(({ name }) => name === COUNTER)
      .map(({ labels }) => [labels.engine, labels.instance])
    assert.deepEqual(instances, [
      ['1', 'theirs'],
      ['2', 'own'],
    ])
    assert.doesNotMatch(text, /instance="[^"]*"[^}]*instance=/)
    await aggregator.close()
  },

  async 'JSON has the samples of the text'(library) {
    const { registry } = newRegistry(library)
    const text = parseExposition(await registry.metrics())
    assert.deepEqual(samplesOf(await registry.getMetricsAsJSON()), text)
  },

  async 'a single metric is told by its name'(library) {
    const { registry } = newRegistry(library)
    const text = await registry.getSingleMetricAsString(COUNTER)
    assert.deepEqual(
      text.split('\n').filter((line) => line !== ''),
      [
        `# HELP ${COUNTER} Number of Mooncake store keys touched by operations.`,
        `# TYPE ${COUNTER} counter`,
        `${COUNTER}{model_name="m",engine="1",operation="op",status="ok"} 2`,
      ],
    )
    assert.ok(registry.getSingleMetric(HISTOGRAM) !== undefined)
    assert.equal(registry.getSingleMetric('vllm:nothing'), undefined)
  },

  async 'a user’s own metrics and the default ones are exposed together with ours'(library) {
    const registry = new library.Registry()
    library.collectDefaultMetrics({ register: registry })
    addUsersMetrics(library, registry)
    newRegistry(library, registry)
    const samples = parseExposition(await registry.metrics())
    assert.deepEqual(usersSamples(samples), USERS_SAMPLES)
    const sampleOf = (wanted: string) => samples.find(({ name }) => name === wanted)?.value
    assert.equal(sampleOf(COUNTER), 2)
    assert.ok((sampleOf('process_cpu_seconds_total') ?? 0) > 0)
  },

  async 'merged registries show our metrics'(library) {
    const { registry } = newRegistry(library)
    const other = new library.Registry()
    addUsersMetrics(library, other)
    const merged = library.Registry.merge([registry, other])
    const samples = parseExposition(await merged.metrics())
    assert.deepEqual(usersSamples(samples), USERS_SAMPLES)
    assert.equal(samples.find(({ name }) => name === COUNTER)?.value, 2)
  },

  async 'resetting the metrics removes observed stats'(library) {
    const { registry, metrics, stats } = newRegistry(library)
    registry.resetMetrics()
    assert.deepEqual(parseExposition(await registry.metrics()), [])
    metrics.observe(stats, 1)
    assert.match(await registry.metrics(), /operation_keys_total\{.*\} 2\n/)
  },

  async 'resetting the metrics of an aggregator loses nothing that engines counted'(library) {
    const registry = new library.Registry()
    const aggregator = new EngineAggregator({ registry })
    const recorder = createRecorder(aggregator.connect(0))
    recorder.record('op', 1, 7)
    registry.resetMetrics()
    assert.equal(aggregator.stats().rows, 1)
    assert.match(await registry.metrics(), /operation_keys_total\{.*\} 7\n/)
    recorder.close()
    await aggregator.close()
  },

  async 'the metrics of two processes of a cluster merge into those of one'(library) {
    const { AggregatorRegistry } = library
    const merged = AggregatorRegistry.aggregate([
      await processMetrics(library, 1_700_000_000_000, 2),
      await processMetrics(library, 1_800_000_000_000, 1),
    ])
    const samples = parseExposition(await merged.metrics())
    const valuesOf = (wanted: string) =>
      samples.filter((sample) => sample.name === wanted).map(({ value }) => value)
    assert.deepEqual(valuesOf('moonmeter_engine_last_report_timestamp_seconds'), [1.8e9, 1.7e9])
    assert.deepEqual(valuesOf('moonmeter_engine_up'), [1, 1])
    assert.deepEqual(valuesOf('moonmeter_engines_up'), [3])
    assert.deepEqual(valuesOf('moonmeter_engine_records_total'), [6, 3])
    assert.deepEqual(valuesOf('moonmeter_engine_reports_total'), [2, 1])
    assert.deepEqual(valuesOf(COUNTER), [6, 3])
    assert.deepEqual(valuesOf(`${HISTOGRAM}_count`), [6, 3])
  },

  async 'all families of a scrape agree while rows are recorded'(library) {
    let nowMs = 0
    const registry = new library.Registry()
    const monotonicNow = () => nowMs
    const aggregator = new EngineAggregator({ registry, intervalMs: 1_000, monotonicNow })
    const recorder = createRecorder(aggregator.connect(0))
    for (let row = 1; row <= 50; row++) {
      recorder.record('op', 1, 2, { numBytes: 3, numFailedKeys: 1 })
      nowMs += 5_000
      const scrape = registry.metrics()
      recorder.record('op', 1, 2, { numBytes: 3, numFailedKeys: 1 })
      const samples = parseExposition(await scrape)
      const sampleOf = (wanted: string) => samples.find(({ name }) => name === wanted)?.value
      // Journals are read twice, so rows recorded meanwhile are exposed, too.
      const rows = 2 * row
      assert.deepEqual(
        [
          sampleOf(`${HISTOGRAM}_count`),
          sampleOf(`${HISTOGRAM}_sum`),
          sampleOf('vllm:mooncake_store_operation_total'),
          sampleOf(COUNTER),
          sampleOf('vllm:mooncake_store_operation_bytes_total'),
          sampleOf('vllm:mooncake_store_operation_failed_keys_total'),
          sampleOf('moonmeter_engine_records_total'),
        ],
        [rows, rows, rows, 2 * rows, 3 * rows, rows, rows],
      )
    }
    recorder.close()
    await aggregator.close()
  },

  'a second set of our metrics is refused, and the first stays'(library) {
    const { registry } = newRegistry(library)
    const before = registry.getMetricsAsArray()
    assert.throws(() => new EngineAggregator({ registry }), /already been registered/)
    assert.deepEqual(registry.getMetricsAsArray(), before)
  },

  'metrics of the user that have the names of our samples are refused'(library) {
    for (const name of [COUNTER, `${HISTOGRAM}_count`, `${HISTOGRAM}_bucket`]) {
      const registry = new library.Registry()
      new library.Gauge({ name, help: 'Theirs.', registers: [registry] })
      assert.throws(() => new EngineAggregator({ registry }), failure('INVALID_OPTION'))
      assert.equal(registry.getMetricsAsArray().length, 1)
    }
  },

  async 'closing with unregister leaves the user’s metrics'(library) {
    const registry = new library.Registry()
    addUsersMetrics(library, registry)
    const aggregator = new EngineAggregator({ registry })
    await registry.metrics()
    await aggregator.close({ unregister: true })
    assert.deepEqual(parseExposition(await registry.metrics()), USERS_SAMPLES)
    await new EngineAggregator({ registry }).close()
  },
}

for (const { name, skip, load } of LIBRARIES) {
  for (const [what, run] of Object.entries(CASES)) {
    test(`${name}: ${what}`, { skip }, async () => run(await load()))
  }
}

/** A registry with two keys of engine 1 in it. */
function newRegistry({ Registry }: typeof prom, registry = new Registry()) {
  const metrics = new MooncakeStorePromMetrics({ registry, modelName: 'm' })
  const stats = new MooncakeStoreConnectorStats()
  stats.recordOperation('op', 0.5, 2)
  metrics.observe(stats, 1)
  return { registry, metrics, stats }
}

/** The samples of a registry's JSON. */
function samplesOf(json: unknown) {
  return (json as readonly JsonMetric[]).flatMap(({ name, values }) => {
    return values.map(({ metricName = name, labels, value }) => {
      return { name: metricName, labels, value }
    })
  })
}

/** A metric in the JSON of a registry; the types of the libraries leave the samples out. */
interface JsonMetric {
  readonly name: string
  readonly values: readonly {
    readonly metricName?: string
    readonly labels: Readonly<Record<string, unknown>>
    readonly value: number
  }[]
}

/** The metrics that a process sends to its cluster: engine 0 at a time, and further engines. */
async function processMetrics({ Registry }: typeof prom, nowMs: number, engines: number) {
  const registry = new Registry()
  const aggregator = new EngineAggregator({ registry, now: () => nowMs })
  for (let engine = 0; engine < engines; engine++) {
    aggregator.ingest(reportBytes({ engine, series: [seriesWithRows(3)] }))
  }
  const json = await registry.getMetricsAsJSON()
  await aggregator.close()
  // Processes exchange it as text.
  return JSON.parse(JSON.stringify(json))
}
