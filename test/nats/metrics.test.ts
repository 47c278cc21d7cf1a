import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Gauge, Registry } from 'prom-client'
import { type MetricDefinition, NATS_METRICS } from '../../src/catalogue.js'
import { EngineAggregator } from '../../src/index.js'
import { watchBucket } from '../../src/nats/index.js'
import { showSinkMetrics, showWatchMetrics } from '../../src/nats/nats-metrics.js'
import { createRecorder } from '../../src/recorder/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { failure } from '../support/assertions/failures.js'
import { undeclaredMetrics, undocumentedMetrics } from '../support/assertions/metric-rules.js'
import { startSink } from '../support/processes/fleet.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

const GUIDE = new URL('../../../src/nats/README.md', import.meta.url)
const METRICS: readonly MetricDefinition[] = Object.values(NATS_METRICS)
const { connected, rowsLeftOut } = NATS_METRICS
const ROW = pack({ load_get: [{ duration_seconds: 1, num_keys: 1 }] })
const SINK_HEALTH = { connected: true, puts: 7, putsFailed: 2, removed: 1, lastError: 'x' }
const WATCH_HEALTH = {
  entries: 9,
  restarts: 3,
  missed: 5,
  folded: 8,
  foldConflicts: 6,
  foldsFailed: 4,
}

/** The metrics of NATS in a scrape. */
async function scrapeOf({ registry }: EngineAggregator<Registry>): Promise<string> {
  const lines = (await registry.metrics()).split('\n')
  return lines.filter((line) => line.includes('moonmeter_nats_')).join('\n')
}

/** The samples of NATS in a scrape, without the prefix of their names. */
async function samplesOf(aggregator: EngineAggregator<Registry>): Promise<string[]> {
  const lines = (await scrapeOf(aggregator)).split('\n')
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace('moonmeter_nats_', ''))
}

test('metrics of NATS follow all others, once per connection, and are removed', async () => {
  const aggregator = new EngineAggregator({ registry: new Registry() })
  const before = await aggregator.registry.metrics()
  assert.doesNotMatch(before, /nats/)
  showSinkMetrics(aggregator, () => SINK_HEALTH)
  const after = await aggregator.registry.metrics()
  assert.ok(after.startsWith(before.trimEnd()))
  assert.deepEqual(await samplesOf(aggregator), [
    'connected 1',
    'puts_total 7',
    'put_failures_total 2',
    'engines_removed_total 1',
    'rows_left_out 0',
  ])
  showWatchMetrics(aggregator, () => ({ ...WATCH_HEALTH, connected: false, lastError: undefined }))
  assert.deepEqual(undeclaredMetrics(METRICS, await scrapeOf(aggregator)), [])
  const samples = await samplesOf(aggregator)
  assert.deepEqual(
    [samples[0], ...samples.slice(5)],
    [
      ...['connected 0', 'entries 9', 'watch_restarts_total 3'],
      ...['missed_changes_total 5', 'fold_failures_total 4'],
    ],
  )
  await aggregator.close({ unregister: true })
  assert.equal(await aggregator.registry.metrics(), '\n')
})

test('metrics of NATS have the prefix and the labels of the others', async () => {
  const labels = { region: 'eu' }
  const aggregator = new EngineAggregator({ registry: new Registry(), prefix: 'my_', labels })
  showSinkMetrics(aggregator, () => SINK_HEALTH)
  assert.match(await scrapeOf(aggregator), /^my_moonmeter_nats_puts_total\{region="eu"\} 7$/m)
  await aggregator.close()
})

test('rows that are not published are counted', async () => {
  const aggregator = new EngineAggregator({ registry: new Registry(), enginesMax: 2 })
  showSinkMetrics(aggregator, () => SINK_HEALTH)
  aggregator.ingest(ROW, { engine: 0 })
  assert.ok((await samplesOf(aggregator)).includes('rows_left_out 0'))
  aggregator.ingest(ROW, { engine: 0, instance: 'child' })
  // These are past the limit.
  for (let engine = 1; engine < 4; engine++) aggregator.ingest(ROW, { engine })
  assert.ok((await samplesOf(aggregator)).includes('rows_left_out 4'))
  await aggregator.close()
})

test('the guide has each metric of NATS in a table, and no other', () => {
  assert.deepEqual(undocumentedMetrics(METRICS, readFileSync(GUIDE, 'utf8')), [])
})

test('a scrape contains the state of the connection, and the puts', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const nats = await startSink(context, { servers: server.url, instance: 'a', intervalMs: 20 })
  const aggregators = ['published', 'watching'].map(
    () => new EngineAggregator({ registry: new Registry() }),
  ) as [EngineAggregator<Registry>, EngineAggregator<Registry>]
  const [published, watching] = aggregators
  nats.publish(published)
  const watch = await watchBucket(watching, { servers: server.url })
  const areConnected = async (value: 0 | 1) => {
    const samples = await Promise.all(aggregators.map(samplesOf))
    return samples.every((each) => each.includes(`connected ${value}`))
  }
  assert.ok(await areConnected(1))
  const recorder = createRecorder(published.connect(0))
  recorder.record('load_get', 0.5, 1)
  recorder.close()
  await waitUntil('an entry', () => watching.snapshot().rows === 1)
  // The entry of the version is not counted.
  assert.ok((await samplesOf(watching)).includes('entries 1'))
  await waitUntil('a put', async () => !(await samplesOf(published)).includes('puts_total 0'))
  await server.kill()
  await waitUntil('away', () => areConnected(0))
  await server.restart()
  await waitUntil('back', () => areConnected(1))
  await waitUntil('another watch', () => watch.health.restarts > 0)
  const restarts = `watch_restarts_total ${watch.health.restarts}`
  assert.ok((await samplesOf(watching)).includes(restarts))
  await watch.close()
  assert.ok((await samplesOf(watching)).includes('connected 0'))
  // Metrics of a further watch replace those of the first.
  const next = await watchBucket(watching, { servers: server.url })
  assert.ok((await samplesOf(watching)).includes('connected 1'))
  await next.close()
  for (const aggregator of aggregators) await aggregator.close()
})

test('a registry with a metric of the same name is rejected, and the aggregator stays usable', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const registry = new Registry()
  new Gauge({ name: connected.name, help: 'Of the user.', registers: [registry] })
  const aggregator = new EngineAggregator({ registry })
  const nats = await startSink(context, { servers, instance: 'a' })
  const refusal = failure('INVALID_OPTION')
  assert.throws(() => nats.publish(aggregator), refusal)
  await assert.rejects(watchBucket(aggregator, { servers }), refusal)
  assert.doesNotMatch(await scrapeOf(aggregator), new RegExp(rowsLeftOut.name))
  registry.removeSingleMetric(connected.name)
  await (await watchBucket(aggregator, { servers })).close()
  await aggregator.close()
})
