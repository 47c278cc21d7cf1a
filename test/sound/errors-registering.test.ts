import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counter, Registry } from 'prom-client'
import { SELF_METRICS, STORE_METRICS } from '../../src/catalogue.js'
import {
  EngineAggregator,
  MooncakeStoreConnectorStats,
  MooncakeStorePromMetrics,
} from '../../src/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { failure } from '../support/assertions/failures.js'
import { reportBytes } from '../support/generators/reports.js'

const NAMES = Object.values({ ...STORE_METRICS, ...SELF_METRICS }).map(({ name }) => name)

/** The resources that keep a process alive or run later. */
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

test('a failed constructor does not change the registry, whichever name is in use', () => {
  for (const name of NAMES) {
    const registry = new Registry()
    const own = new Counter({ name, help: 'The user’s.', registers: [registry] })
    const before = timers()
    const makers = [
      () => new EngineAggregator({ registry }),
      ...(name.startsWith('vllm:')
        ? [() => new MooncakeStorePromMetrics({ registry, modelName: 'm' })]
        : []),
    ]
    for (const make of makers) {
      assert.throws(make, failure('INVALID_OPTION'))
      assert.deepEqual(registry.getMetricsAsArray(), [own])
      assert.equal(timers(), before)
    }
  }
})

test('an aggregator that closed with unregister leaves its registry to the next one', async () => {
  const registry = new Registry()
  const own = new Counter({ name: 'requests_total', help: 'Requests.', registers: [registry] })
  for (let life = 1; life <= 3; life++) {
    const aggregator = new EngineAggregator({ registry })
    aggregator.ingest(reportBytes({ engine: life }))
    const samples = parseExposition(await registry.metrics())
    const engines = samples.filter(({ name }) => name === SELF_METRICS.engineUp.name)
    assert.deepEqual(
      engines.map(({ labels }) => labels.engine),
      [String(life)],
    )
    await aggregator.close({ unregister: true })
    assert.deepEqual(registry.getMetricsAsArray(), [own])
  }
})

test('the metrics stay after close, can be unregistered later, and never those of another', async () => {
  const registry = new Registry()
  const first = new EngineAggregator({ registry })
  first.ingest(reportBytes())
  await first.close()
  assert.match(await registry.metrics(), /engine_records_total\{engine="0"\} 1\n/)
  await first.close({ unregister: true })
  assert.deepEqual(registry.getMetricsAsArray(), [])
  const second = new EngineAggregator({ registry })
  await first.close({ unregister: true })
  assert.equal(registry.getMetricsAsArray().length, NAMES.length)
  await second.close()
})

test('metrics of an OpenMetrics registry, which renames counters, are unregistered too', async () => {
  const registry = new Registry()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
  const aggregator = new EngineAggregator({ registry })
  await registry.metrics()
  await aggregator.close({ unregister: true })
  assert.deepEqual(registry.getMetricsAsArray(), [])
})

test('a registry that cannot remove metrics is reported, and so are wrong options', async () => {
  const registry = { contentType: 'text/plain', registerMetric() {}, metrics: async () => '' }
  const aggregator = new EngineAggregator({ registry })
  await assert.rejects(aggregator.close({ unregister: true }), failure('INVALID_OPTION'))
  for (const options of [null, { unregister: 1 }, { remove: true }] as never[]) {
    await assert.rejects(aggregator.close(options), failure('INVALID_OPTION'))
  }
  await aggregator.close()
})

test('an invalid registry is an invalid option', () => {
  const registerMetric = () => {}
  const metrics = () => ''
  const contentType = 'text/plain'
  const unlike = [
    { registerMetric, contentType },
    { metrics, contentType },
    { registerMetric, metrics },
    { registerMetric, metrics, contentType: 'text/plain\r\nset-cookie: a' },
    { registerMetric, metrics, contentType: '' },
  ]
  for (const registry of [null, 5, 'registry', {}, [], ...unlike] as never[]) {
    assert.throws(() => new EngineAggregator({ registry }), failure('INVALID_OPTION'))
    const options = { registry, modelName: 'm' }
    assert.throws(() => new MooncakeStorePromMetrics(options), failure('INVALID_OPTION'))
  }
})

test('resetMetrics removes observed stats, and keeps the counters of an aggregator', async () => {
  const observed = new Registry()
  const metrics = new MooncakeStorePromMetrics({ registry: observed, modelName: 'm' })
  const stats = new MooncakeStoreConnectorStats()
  stats.recordOperation('op', 1, 2)
  metrics.observe(stats)
  observed.resetMetrics()
  assert.deepEqual(parseExposition(await observed.metrics()), [])

  const registry = new Registry()
  const aggregator = new EngineAggregator({ registry, now: () => 1_000 })
  aggregator.ingest(reportBytes())
  const before = await registry.metrics()
  registry.resetMetrics()
  assert.equal(await registry.metrics(), before)
  aggregator.disconnect(0, { series: 'drop' })
  assert.doesNotMatch(await registry.metrics(), /engine="0"/)
  await aggregator.close()
})
