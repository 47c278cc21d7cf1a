import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as prom from 'prom-client'
import { releaseBuffers } from '../../src/exposition/buffer-pool.js'
import { FORMATS } from '../../src/exposition/formats.js'
import {
  EngineAggregator,
  MooncakeStoreConnectorStats,
  MooncakeStorePromMetrics,
} from '../../src/index.js'
import { renderRegistry } from '../../src/registry/render-registry.js'
import { pack } from '../../src/wire/msgpack.js'
import {
  type DecodedFamily,
  decodeFamilies,
  nativeBuckets,
} from '../support/assertions/decode-families.js'
import { failure } from '../support/assertions/failures.js'

const HOSTILE = ['é "quoted"', 'back\\slash\n', '', '\u{1f600}', 'a=b,c={}']

async function render(registry: prom.Registry): Promise<DecodedFamily[]> {
  const { buffers } = await renderRegistry(registry, FORMATS.protobuf)
  const families = decodeFamilies(Buffer.concat(buffers))
  releaseBuffers(buffers)
  return families
}

/** Samples by name and labels, with the names of the text format. */
type Samples = Map<string, number>

function addSample(samples: Samples, name: string, labels: object, value: number): void {
  const texts = Object.entries(labels).map(([label, text]) => [label, String(text)])
  const key = `${name} ${JSON.stringify(texts.sort())}`
  assert.ok(!samples.has(key), key)
  samples.set(key, value)
}

function samplesOf(families: readonly DecodedFamily[]): Samples {
  const samples: Samples = new Map()
  for (const { name, metric } of families) {
    for (const { label, counter, gauge, untyped, summary, histogram } of metric) {
      const labels = Object.fromEntries(label.map((pair) => [pair.name, pair.value]))
      const add = (suffix: string, value: number, more = {}) =>
        addSample(samples, name + suffix, { ...labels, ...more }, value)
      const single = counter ?? gauge ?? untyped
      if (single !== undefined) add('', single.value)
      for (const { quantile, value } of summary?.quantile ?? []) add('', value, { quantile })
      for (const { upperBound, cumulativeCount } of histogram?.bucket ?? []) {
        add('_bucket', cumulativeCount, { le: upperBound })
      }
      const sums = summary ?? histogram
      if (sums === undefined) continue
      add('_sum', sums.sampleSum)
      add('_count', sums.sampleCount)
      if (histogram !== undefined)
        add('_bucket', sums.sampleCount, { le: Number.POSITIVE_INFINITY })
    }
  }
  return samples
}

async function samplesOfJson(registry: prom.Registry): Promise<Samples> {
  const samples: Samples = new Map()
  for (const { name, values } of await registry.getMetricsAsJSON()) {
    for (const sample of values) {
      const { metricName = name } = sample as { metricName?: string }
      const { le, ...labels } = sample.labels as Record<string, string>
      const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
      addSample(
        samples,
        metricName,
        le === undefined ? labels : { ...labels, le: bound },
        sample.value,
      )
    }
  }
  return samples
}

/** A registry with metrics of the user of each type, and with moonmeter's metrics. */
function newRegistry(nativeHistograms: boolean) {
  const registry = new prom.Registry()
  const common = { help: 'Help "é"\n\\.', registers: [registry], labelNames: ['kind'] }
  const requests = new prom.Counter({ ...common, name: 'requests' })
  const temperature = new prom.Gauge({ ...common, name: 'temperature_celsius' })
  const seconds = new prom.Histogram({ ...common, name: 'seconds', buckets: [0.1, 1, 2] })
  const sizes = new prom.Summary({ ...common, name: 'sizes_bytes', percentiles: [0.5, 0.99] })
  new prom.Gauge({
    name: 'without_samples',
    help: 'None.',
    labelNames: ['a'],
    registers: [registry],
  })
  for (const [index, kind] of HOSTILE.entries()) {
    requests.inc({ kind }, index)
    temperature.set({ kind }, -index / 3)
    for (let value = 0; value < index; value++) seconds.observe({ kind }, value)
    sizes.observe({ kind }, 1_000 * index)
  }
  temperature.set({ kind: 'infinite' }, Number.NEGATIVE_INFINITY)
  const aggregator = new EngineAggregator({ registry, modelName: 'é "m"', nativeHistograms })
  for (const [index, operation] of HOSTILE.entries()) {
    const rows = [{ duration_seconds: index / 7, num_keys: index, status: HOSTILE[4 - index] }]
    assert.ok(aggregator.ingest(pack({ [operation]: rows }), { engine: index }).accepted)
  }
  return { registry, aggregator }
}

for (const nativeHistograms of [false, true]) {
  const what = nativeHistograms ? 'protobuf with native histograms' : 'protobuf'
  test(`${what} carries the samples of getMetricsAsJSON, the user’s included`, async () => {
    const { registry, aggregator } = newRegistry(nativeHistograms)
    registry.setDefaultLabels({ host: 'h"', engine: 'default' })
    for (let scrape = 0; scrape < 3; scrape++) {
      const [families, json] = await Promise.all([render(registry), samplesOfJson(registry)])
      const samples = samplesOf(families)
      assert.deepEqual(new Map([...samples].sort()), new Map([...json].sort()))
      assert.ok(samples.size > 200)
      const types = new Map(families.map(({ name, type }) => [name, type]))
      assert.equal(types.get('requests'), 'COUNTER')
      assert.equal(types.get('temperature_celsius'), 'GAUGE')
      assert.equal(types.get('seconds'), 'HISTOGRAM')
      assert.equal(types.get('sizes_bytes'), 'SUMMARY')
      assert.ok(!types.has('without_samples'))
      const rows = [{ duration_seconds: scrape, num_keys: 3, num_bytes: 2 ** 50 }]
      aggregator.ingest(pack({ [`op${scrape}`]: rows, op: rows }), { engine: scrape })
    }
    await aggregator.close()
  })
}

test('the buckets of a native histogram add up to its count, and it has classic buckets as well', async () => {
  const { registry, aggregator } = newRegistry(true)
  const rows = [0, 1e-12, 2 ** -30, 0.004, 0.004, 1, 70_000, 1e9].map((duration) => ({
    duration_seconds: duration,
    num_keys: 1,
  }))
  aggregator.ingest(pack({ all: rows }), { engine: 1 })
  const families = await render(registry)
  const ours = families.find(({ name }) => name === 'vllm:mooncake_store_operation_time_seconds')
  for (const { histogram } of ours?.metric ?? []) {
    assert.ok(histogram !== undefined)
    const {
      bucket,
      sampleCount,
      schema,
      zeroThreshold,
      zeroCount = 0,
      createdTimestamp,
    } = histogram
    assert.deepEqual([schema, zeroThreshold, bucket.length], [4, 2 ** -30, 15])
    const inBuckets = [...nativeBuckets(histogram).values()].reduce((sum, count) => sum + count, 0)
    assert.equal(zeroCount + inBuckets, sampleCount)
    assert.ok(Number(createdTimestamp?.seconds) > 1.7e9)
  }
  const all = ours?.metric.find(({ label }) =>
    label.some(({ value }) => value === 'all'),
  )?.histogram
  assert.ok(all !== undefined)
  assert.equal(all.zeroCount, 2)
  assert.deepEqual(
    [...nativeBuckets(all)],
    [
      [-479, 1],
      [Math.ceil(Math.log2(0.004) * 16), 2],
      [0, 1],
      [257, 2],
    ],
  )
  await aggregator.close()
})

test('native histograms are off by default, and those of stats are opted in alike', async () => {
  const isNative = async (registry: prom.Registry) =>
    (await render(registry)).some(({ metric }) =>
      metric.some(({ histogram }) => histogram?.schema !== undefined),
    )
  const stats = new MooncakeStoreConnectorStats()
  stats.recordOperation('op', 1, 1)
  for (const nativeHistograms of [undefined, false, true]) {
    const option = nativeHistograms === undefined ? {} : { nativeHistograms }
    const registry = new prom.Registry()
    new MooncakeStorePromMetrics({ registry, modelName: 'm', ...option }).observe(stats)
    assert.equal(await isNative(registry), nativeHistograms === true)
    const aggregator = new EngineAggregator(option)
    aggregator.ingest(stats.toPayload(), { engine: 1 })
    assert.equal(await isNative(aggregator.registry), nativeHistograms === true)
    await aggregator.close()
  }
  const wrong = { nativeHistograms: 'yes' as never }
  assert.throws(() => new EngineAggregator(wrong), failure('INVALID_OPTION'))
  const metrics = { registry: new prom.Registry(), modelName: 'm', ...wrong }
  const make = () => new MooncakeStorePromMetrics(metrics)
  assert.throws(make, failure('INVALID_OPTION'))
})
