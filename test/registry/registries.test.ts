import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counter, Histogram, Registry } from 'prom-client'
import {
  EngineAggregator,
  MooncakeStoreConnectorStats,
  MooncakeStorePromMetrics,
} from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { reportBytes } from '../support/generators/reports.js'

const HISTOGRAM = 'vllm:mooncake_store_operation_time_seconds'
const COUNTER = 'vllm:mooncake_store_operation_keys_total'

/** A registry with two keys of engine 1 in it. */
function newRegistry(registry: Registry = new Registry()) {
  const metrics = new MooncakeStorePromMetrics({ registry, modelName: 'm' })
  const stats = new MooncakeStoreConnectorStats()
  stats.recordOperation('op', 0.5, 2)
  metrics.observe(stats, 1)
  return { registry, metrics, stats }
}

test('default labels of the registry are on our samples in text and JSON, ours first', async () => {
  const { registry } = newRegistry()
  registry.setDefaultLabels({ host: 'a "b"', engine: 'theirs', number: 7 })
  const labels = { model_name: 'm', engine: '1', operation: 'op', status: 'ok' }
  const text = await registry.metrics()
  for (const sample of parseExposition(text)) {
    const { le, ...rest } = sample.labels
    assert.deepEqual(rest, { ...labels, host: 'a "b"', number: '7' })
    assert.equal(le !== undefined, sample.name.endsWith('_bucket'))
  }
  const json = await registry.getMetricsAsJSON()
  assert.equal(json.length, 5)
  for (const { values } of json) {
    for (const value of values as { labels: Record<string, unknown> }[]) {
      const { le: _le, ...rest } = value.labels
      assert.deepEqual(rest, { ...labels, host: 'a "b"', number: 7 })
    }
  }
  // Asked again, they are not on twice, and not left behind once they are gone.
  registry.setDefaultLabels({})
  const [sample] = parseExposition(await registry.metrics())
  assert.deepEqual(Object.keys(sample.labels), [...Object.keys(labels), 'le'])
})

test('a default label named le is not on buckets, which have one', async () => {
  const { registry } = newRegistry()
  registry.setDefaultLabels({ le: 'theirs' })
  const samples = parseExposition(await registry.metrics())
  assert.deepEqual(
    samples.filter(({ name }) => name.endsWith('_bucket')).map(({ labels }) => labels.le),
    parseExposition(await newRegistry().registry.metrics()).flatMap(
      ({ labels }) => labels.le ?? [],
    ),
  )
  assert.equal(samples.find(({ name }) => name === COUNTER)?.labels.le, 'theirs')
})

test('JSON has the samples of the text', async () => {
  const { registry } = newRegistry()
  const json = await registry.getMetricsAsJSON()
  const samples = json.flatMap(({ name, values }) =>
    (values as { metricName?: string; value: number; labels: object }[]).map((sample) => ({
      name: sample.metricName ?? name,
      labels: sample.labels,
      value: sample.value,
    })),
  )
  assert.deepEqual(samples, parseExposition(await registry.metrics()))
})

test('a registry of OpenMetrics names counters by its rules and ends with an EOF', async () => {
  const registry = new Registry()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
  newRegistry(registry)
  for (let scrape = 0; scrape < 2; scrape++) {
    const text = await registry.metrics()
    const lines = text.split('\n')
    assert.ok(text.endsWith('\n# EOF\n'))
    assert.ok(lines.includes('# TYPE vllm:mooncake_store_operation_keys counter'))
    assert.ok(lines.includes(`# TYPE ${HISTOGRAM} histogram`))
    const key = '{model_name="m",engine="1",operation="op",status="ok"}'
    assert.ok(lines.includes(`${COUNTER}${key} 2`))
    assert.ok(lines.includes(`vllm:mooncake_store_operation_total${key} 1`))
    assert.ok(lines.includes(`${HISTOGRAM}_count${key} 1`))
    assert.doesNotMatch(text, /_total_total/)
  }
})

test('a single metric is told by its name', async () => {
  const { registry } = newRegistry()
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
})

test('a user’s own metrics stand beside ours in the same registry', async () => {
  const registry = new Registry()
  const requests = new Counter({ name: 'requests_total', help: 'Requests.', registers: [registry] })
  newRegistry(registry)
  const seconds = new Histogram({
    name: 'seconds',
    help: 'Time.',
    buckets: [1],
    registers: [registry],
  })
  requests.inc(4)
  seconds.observe(0.5)
  const samples = parseExposition(await registry.metrics())
  const sampleOf = (wanted: string) => samples.find(({ name }) => name === wanted)?.value
  assert.deepEqual(
    [sampleOf('requests_total'), sampleOf(COUNTER), sampleOf('seconds_count')],
    [4, 2, 1],
  )
})

test('merged registries show our metrics, and resetting forgets what was observed', async () => {
  const { registry, metrics, stats } = newRegistry()
  const other = new Registry()
  new Counter({ name: 'requests_total', help: 'Requests.', registers: [other] }).inc()
  const merged = Registry.merge([registry, other])
  const names = parseExposition(await merged.metrics()).map(({ name }) => name)
  assert.ok(names.includes(COUNTER) && names.includes('requests_total'))
  registry.resetMetrics()
  assert.deepEqual(parseExposition(await registry.metrics()), [])
  metrics.observe(stats, 1)
  assert.match(await registry.metrics(), /operation_keys_total\{.*\} 2\n/)
})

test('resetting the metrics of an aggregator does not lose what engines counted', async () => {
  const registry = new Registry()
  const aggregator = new EngineAggregator({ registry })
  const recorder = createRecorder(aggregator.connect(0))
  recorder.record('op', 1, 7)
  registry.resetMetrics()
  assert.equal(aggregator.stats().rows, 1)
  assert.match(await registry.metrics(), /operation_keys_total\{.*\} 7\n/)
  recorder.close()
  await aggregator.close()
})

test('all families of a scrape agree, whatever is recorded meanwhile', async () => {
  let nowMs = 0
  const registry = new Registry()
  const aggregator = new EngineAggregator({
    registry,
    intervalMs: 1_000,
    monotonicNow: () => nowMs,
  })
  const recorder = createRecorder(aggregator.connect(0))
  for (let row = 1; row <= 50; row++) {
    recorder.record('op', 1, 2, { numBytes: 3, numFailedKeys: 1 })
    nowMs += 5_000
    const scrape = registry.metrics()
    recorder.record('op', 1, 2, { numBytes: 3, numFailedKeys: 1 })
    const samples = parseExposition(await scrape)
    const sampleOf = (wanted: string) => samples.find(({ name }) => name === wanted)?.value
    // Journals are read twice, so that what came meanwhile is shown too.
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
})

test('two sets of our metrics in one registry are refused', () => {
  const { registry } = newRegistry()
  assert.throws(() => new EngineAggregator({ registry }), /already been registered/)
})

test('a default label named instance is on the engines that have no instance of their own', async () => {
  const registry = new Registry()
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
})
