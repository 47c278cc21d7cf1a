import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Registry } from 'prom-client'
import { releaseBuffers } from '../../src/exposition/buffer-pool.js'
import { FORMATS } from '../../src/exposition/formats.js'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { renderRegistry } from '../../src/registry/render-registry.js'
import { parseExposition } from '../support/assertions/exposition.js'

const ROWS = 'vllm:mooncake_store_operation_total'
const KEYS = 'vllm:mooncake_store_operation_keys_total'
const RECORDS = 'moonmeter_engine_records_total'

/** An engine that is silent, so that every scrape reads its journal, and has recorded a row. */
function newEngine(context: TestContext) {
  let reads = 0
  let nowMs = 0
  const registry = new Registry()
  const aggregator = new EngineAggregator({
    registry,
    monotonicNow: () => {
      reads++
      nowMs += 5_000
      return nowMs
    },
  })
  const recorder = createRecorder(aggregator.connect(0))
  const record = () => recorder.record('op', 1, 1)
  context.after(async () => {
    recorder.close()
    await aggregator.close()
  })
  record()
  return { registry, record, clockReads: () => reads }
}

/** The rows, keys and records that an exposition tells of, where it does. */
function counts(text: string): number[] {
  const samples = parseExposition(text)
  return [ROWS, KEYS, RECORDS].flatMap((wanted) =>
    samples.filter(({ name }) => name === wanted).map(({ value }) => value),
  )
}

async function rendered(registry: Registry): Promise<string> {
  const { buffers } = await renderRegistry(registry, FORMATS.text)
  const text = Buffer.concat(buffers).toString()
  releaseBuffers(buffers)
  return text
}

async function asJson(registry: Registry): Promise<string> {
  const families = await registry.getMetricsAsJSON()
  return families
    .flatMap(({ name, values }) => values.map(({ value }) => `${name} ${value}\n`))
    .join('')
}

const SCRAPES: Readonly<Record<string, (registry: Registry) => Promise<string>>> = {
  metrics: (registry) => registry.metrics(),
  getMetricsAsJSON: asJson,
  renderRegistry: rendered,
  'a merged registry': (registry) => Registry.merge([registry, new Registry()]).metrics(),
}

test('two scrapes in one synchronous turn each show what was recorded before they were asked for', async (context) => {
  for (const [one, scrapeFirst] of Object.entries(SCRAPES)) {
    for (const [other, scrapeSecond] of Object.entries(SCRAPES)) {
      const { registry, record } = newEngine(context)
      const first = scrapeFirst(registry)
      record()
      const second = scrapeSecond(registry)
      // Journals are read twice, so that what came meanwhile may be shown too, and by all families.
      const [least, ...others] = counts(await first)
      assert.ok(least >= 1 && others.every((count) => count === least), `${one}, then ${other}`)
      assert.deepEqual(counts(await second), [2, 2, 2], `${one}, then ${other}`)
    }
  }
})

test('single metrics that are asked for in one turn with others are not older than their question', async (context) => {
  const names = [ROWS, KEYS, RECORDS, 'vllm:mooncake_store_operation_time_seconds']
  for (const one of names) {
    for (const other of names) {
      const { registry, record } = newEngine(context)
      const first = registry.getSingleMetricAsString(one)
      record()
      const second = registry.getSingleMetricAsString(other)
      const whole = registry.metrics()
      assert.ok(counts(await first).every((value) => value >= 1))
      assert.ok(
        counts(await second).every((value) => value === 2),
        `${one}, then ${other}`,
      )
      assert.deepEqual(counts(await whole), [2, 2, 2])
    }
  }
})

test('a registry from which a metric was removed shows the others as of one moment, and new ones', async (context) => {
  for (const removed of ['vllm:mooncake_store_operation_time_seconds', ROWS]) {
    const { registry, record } = newEngine(context)
    registry.removeSingleMetric(removed)
    const first = registry.metrics()
    record()
    const second = registry.metrics()
    assert.equal(new Set(counts(await first)).size, 1)
    assert.deepEqual(new Set(counts(await second)), new Set([2]))
  }
})

test('the engines are read once per scrape', async (context) => {
  const { registry, clockReads } = newEngine(context)
  for (const scrape of Object.values(SCRAPES)) {
    const before = clockReads()
    await scrape(registry)
    // One look at the clock finds the silent engines, and one dates the snapshot.
    assert.equal(clockReads() - before, 2)
  }
})
