import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counter, Registry } from 'prom-client'
import { releaseBuffers } from '../../src/exposition/buffer-pool.js'
import { FORMATS } from '../../src/exposition/formats.js'
import { EngineAggregator, type MetricsRegistry } from '../../src/index.js'
import { renderRegistry } from '../../src/registry/render-registry.js'
import { pack } from '../../src/wire/msgpack.js'

async function textOf(registry: MetricsRegistry): Promise<string> {
  const { buffers } = await renderRegistry(registry, FORMATS.text)
  const text = Buffer.concat(buffers).toString()
  releaseBuffers(buffers)
  return text
}

/** An aggregator with rows of many engines, and a metric of the user. */
function newAggregator(registry: Registry, engines: number) {
  new Counter({ name: 'requests_total', help: 'Requests.', registers: [registry] }).inc(3)
  const aggregator = new EngineAggregator({ registry, now: () => 1_000 })
  for (let engine = 0; engine < engines; engine++) {
    const rows = [{ duration_seconds: engine / 7, num_keys: engine, status: 'é "\n' }]
    assert.ok(aggregator.ingest(pack({ op: rows }), { engine }).accepted)
  }
  return aggregator
}

test('the rendered bytes are equal to the text of the registry', async () => {
  const registry = new Registry()
  const aggregator = newAggregator(registry, 100)
  for (let scrape = 0; scrape < 3; scrape++) {
    assert.equal(await textOf(registry), await registry.metrics())
    aggregator.ingest(pack({ op: [{ duration_seconds: 1, num_keys: 5 }] }), { engine: scrape })
  }
  await aggregator.close()
})

test('a registry without a list of metrics is rendered by its own `metrics()`', async () => {
  for (const metrics of [async () => 'a 1\n', () => 'a 1\n']) {
    const minimal = { contentType: 'text/x-own', registerMetric() {}, metrics }
    const { ownContentType, buffers } = await renderRegistry(minimal, FORMATS.openmetrics)
    assert.deepEqual([ownContentType, String(buffers)], ['text/x-own', 'a 1\n'])
  }
})

test('each of two concurrent renderings contains the registry at its own time', async () => {
  const registry = new Registry()
  const aggregator = newAggregator(registry, 400)
  const [first, second] = await Promise.all([textOf(registry), textOf(registry)])
  assert.equal(first, second)
  assert.equal(first, await registry.metrics())
  await aggregator.close()
})
