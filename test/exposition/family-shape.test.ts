import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { SELF_METRICS, STORE_METRICS } from '../../src/catalogue.js'
import type { ExpositionFormat } from '../../src/exposition/exposition-format.js'
import { FORMATS } from '../../src/exposition/formats.js'
import {
  type AggregatorOptions,
  EngineAggregator,
  MooncakeStoreConnectorStats,
  MooncakeStorePromMetrics,
} from '../../src/index.js'
import { renderRegistry } from '../../src/registry/render-registry.js'
import { decodeFamilies } from '../support/assertions/decode-families.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { failure } from '../support/assertions/failures.js'
import { reportBytes } from '../support/generators/reports.js'

const RECORDS = SELF_METRICS.records.name
const NAMES = Object.values({ ...STORE_METRICS, ...SELF_METRICS }).map(({ name }) => name)

/** An aggregator that knows two engines, and one of them on another instance, too. */
function newAggregator(options: AggregatorOptions = {}) {
  const aggregator = new EngineAggregator({ modelName: 'm', ...options })
  aggregator.ingest(reportBytes({ engine: 0 }))
  aggregator.ingest(reportBytes({ engine: 1 }))
  aggregator.ingest(reportBytes({ engine: 1, instance: 'b' }))
  aggregator.noteRestart(0, 'exit')
  return aggregator
}

test('a prefix is before the name of every metric, and frees the names without it', async () => {
  const registry = new Registry()
  const plain = newAggregator({ registry })
  const prefixed = newAggregator({ registry, prefix: 'my:app_1_' })
  const names = () => registry.getMetricsAsArray().map(({ name }) => name)
  assert.deepEqual(new Set(names()), new Set(NAMES.flatMap((name) => [name, `my:app_1_${name}`])))
  const samples = parseExposition(await registry.metrics())
  const own = samples.filter(({ name }) => name.startsWith('my:app_1_'))
  assert.equal(samples.length, 2 * own.length)
  assert.ok(own.some(({ name }) => name === `my:app_1_${RECORDS}`))
  await prefixed.close({ unregister: true })
  assert.deepEqual(new Set(names()), new Set(NAMES))
  await plain.close()
})

test('labels are on every sample in text and JSON, before default labels of the registry', async () => {
  const labels = { region: 'eu "1"', shard: 7, constructor: 'é' }
  const { registry } = newAggregator({ labels })
  registry.setDefaultLabels({ region: 'theirs', host: 'h' })
  const shown = { region: 'eu "1"', shard: '7', constructor: 'é', host: 'h' }
  const json = await registry.getMetricsAsJSON()
  const values = json.flatMap(({ values }) => values as { labels: Record<string, unknown> }[])
  const samples = [...parseExposition(await registry.metrics()), ...values]
  assert.ok(samples.length > 150)
  for (const { labels } of samples) {
    const added = Object.keys(shown).map((name) => [name, labels[name]])
    assert.deepEqual(Object.fromEntries(added), shown)
  }
})

/** Names and labels of all samples in a format, without bounds of buckets. */
async function shownIn(registry: Registry, format: ExpositionFormat) {
  const { buffers } = await renderRegistry(registry, format)
  const bytes = Buffer.concat(buffers)
  const samples =
    format === FORMATS.protobuf
      ? decodeFamilies(bytes).flatMap(({ name, metric }) =>
          metric.map(({ label }) => ({
            name,
            labels: Object.fromEntries(label.map(({ name, value }) => [name, value])),
          })),
        )
      : parseExposition(bytes.toString())
  const names = new Set(samples.map(({ name }) => name))
  const labels = samples.map(({ labels: { le: _le, ...rest } }) => Object.entries(rest).sort())
  return { names, labels: new Set(labels.map((one) => JSON.stringify(one)).sort()) }
}

test('every format has the prefix, the labels and the declared operations', async () => {
  const aggregator = newAggregator({
    prefix: 'app_',
    labels: { region: 'é "1"\n' },
    engineLabels: { gpu: (engine) => engine },
    operations: ['known'],
  })
  const { registry } = aggregator
  registry.setDefaultLabels({ host: 'h', region: 'theirs' })
  const text = await shownIn(registry, FORMATS.text)
  assert.equal([...text.labels].filter((labels) => labels.includes('"known"')).length, 3 * 3)
  assert.ok([...text.labels].every((labels) => labels.includes('["region","é \\"1\\"\\n"]')))
  for (const format of Object.values(FORMATS)) {
    const { names, labels } = await shownIn(registry, format)
    assert.deepEqual(labels, text.labels)
    for (const name of names) assert.ok(name.startsWith('app_'), name)
  }
  await aggregator.close()
})

test('an engine has its labels in every family, from one call of each function', async () => {
  const calls: unknown[][] = []
  const aggregator = newAggregator({
    engineLabels: {
      gpu: (engine, instance) => {
        calls.push([engine, instance])
        return engine + 4
      },
      host: (_engine, instance) => instance ?? 'a',
    },
  })
  for (let scrape = 0; scrape < 3; scrape++) {
    const samples = parseExposition(await aggregator.registry.metrics())
    const engines = samples.filter(({ labels }) => labels.engine !== undefined)
    for (const { labels } of engines) {
      assert.equal(labels.gpu, String(Number(labels.engine) + 4))
      assert.equal(labels.host, labels.instance ?? 'a')
    }
    assert.deepEqual(
      samples.filter(({ name }) => name === RECORDS).map(({ labels }) => Object.entries(labels)),
      [
        [
          ['engine', '0'],
          ['gpu', '4'],
          ['host', 'a'],
        ],
        [
          ['engine', '1'],
          ['gpu', '5'],
          ['host', 'a'],
        ],
        [
          ['engine', '1'],
          ['instance', 'b'],
          ['gpu', '5'],
          ['host', 'b'],
        ],
      ],
    )
  }
  const expected = [
    [0, undefined],
    [1, undefined],
    [1, 'b'],
  ]
  assert.deepEqual(calls, expected)
  aggregator.disconnect(0, { series: 'drop' })
  aggregator.ingest(reportBytes({ engine: 0, incarnation: 2 }))
  await aggregator.registry.metrics()
  assert.deepEqual(calls, [...expected, [0, undefined]])
})

test('a label whose function fails is empty, with one warning, and the scrape succeeds', async () => {
  const warnings: string[] = []
  const note = ({ message }: Error) => warnings.push(message)
  process.on('warning', note)
  const fail = () => {
    throw new Error('not mine')
  }
  const aggregator = newAggregator({
    engineLabels: {
      a: fail,
      b: (async () => fail()) as never,
      c: () => undefined as never,
      d: () => 'x'.repeat(256),
      e: () => Number.NaN,
      f: () => '\ud800',
    },
  })
  const warned = once(process, 'warning')
  const samples = parseExposition(await aggregator.registry.metrics())
  const records = samples.filter(({ name }) => name === RECORDS)
  assert.equal(records.length, 3)
  for (const { labels } of records) {
    const { a, b, c, d, e, f } = labels
    assert.deepEqual({ a, b, c, d, e, f }, { a: '', b: '', c: '', d: '', e: '', f: '\ufffd' })
  }
  await warned
  await new Promise(setImmediate)
  process.off('warning', note)
  const expected = 'expected a string of up to 255 bytes or a finite number, got'
  assert.deepEqual(warnings, [
    'engineLabels.a threw: not mine',
    `engineLabels.b threw: engineLabels.b: ${expected} an object`,
    `engineLabels.c threw: engineLabels.c: ${expected} undefined`,
    `engineLabels.d threw: engineLabels.d: ${expected} "${'x'.repeat(64)}…"`,
    `engineLabels.e threw: engineLabels.e: ${expected} NaN`,
  ])
})

test('the engine for all past the limit has the value other in its labels', async () => {
  const aggregator = new EngineAggregator({ enginesMax: 1, engineLabels: { gpu: () => 0 } })
  const stats = new MooncakeStoreConnectorStats()
  stats.recordOperation('op', 1, 1)
  for (const engine of [0, 1, 2]) aggregator.ingest(stats.toPayload(), { engine })
  const samples = parseExposition(await aggregator.registry.metrics())
  const records = samples.filter(({ name }) => name === RECORDS)
  assert.deepEqual(
    records.map(({ labels }) => labels),
    [
      { engine: '0', gpu: '0' },
      { engine: 'other', gpu: 'other' },
    ],
  )
})

test('MooncakeStorePromMetrics accepts the same options', async () => {
  const registry = new Registry()
  const metrics = new MooncakeStorePromMetrics({
    registry,
    modelName: 'm',
    prefix: 'app_',
    labels: { region: 'eu' },
    engineLabels: { gpu: (engine) => engine },
  })
  const stats = new MooncakeStoreConnectorStats()
  stats.recordOperation('op', 1, 1)
  metrics.observe(stats, 3)
  const text = await registry.metrics()
  const labels = 'model_name="m",region="eu",engine="3",gpu="3",operation="op",status="ok"'
  assert.ok(text.includes(`\napp_vllm:mooncake_store_operation_total{${labels}} 1\n`), text)
})

test('an invalid prefix and invalid labels are rejected with the reason', () => {
  const many = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`l${index}`, '']))
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ prefix: 5 }, /^prefix: expected the beginning of a metric name.*got 5$/],
    [{ prefix: null }, /^prefix: .*got null$/],
    [{ prefix: '1app_' }, /got "1app_"$/],
    [{ prefix: 'my-app_' }, /got "my-app_"$/],
    [{ prefix: 'app_\n' }, /got "app_\\n"$/],
    [{ prefix: 'é' }, /^prefix: /],
    [{ prefix: 'a'.repeat(256) }, /up to 255 letters/],
    [{ labels: { 'my-label': '' } }, /^labels: expected names of letters.*got "my-label"$/],
    [{ labels: { '': '' } }, /got ""$/],
    [{ labels: { '0': '' } }, /got "0"$/],
    [{ labels: { é: '' } }, /^labels: /],
    [{ labels: { __name__: '' } }, /no name that begins with __.*got "__name__"$/],
    [{ labels: { le: '1' } }, /the metrics already have \(.*\), got "le"$/],
    ...['quantile', 'engine', 'instance', 'model_name', 'operation', 'status', 'reason'].map(
      (name) => [{ labels: { [name]: '' } }, new RegExp(`got "${name}"$`)] as const,
    ),
    [{ labels: { a: undefined } }, /^labels\.a: expected a string of up to 255.*got undefined$/],
    [{ labels: { a: 'é'.repeat(128) } }, /^labels\.a: /],
    [{ labels: { a: Number.POSITIVE_INFINITY } }, /got Infinity$/],
    [{ labels: { a: {} } }, /got an object$/],
    [{ labels: [] }, /an object whose keys are label names, got an array of 0$/],
    [{ labels: new Map([['a', 'b']]) }, /got a map$/],
    [{ labels: null }, /got null$/],
    [{ labels: 'region' }, /got "region"$/],
    [{ labels: many }, /at most 32 labels in all, got 33$/],
    [{ engineLabels: { engine: () => '' } }, /^engineLabels: .*got "engine"$/],
    [{ engineLabels: { a: '1' } }, /^engineLabels\.a: expected a function, got "1"$/],
    [{ engineLabels: { a: undefined } }, /^engineLabels\.a: expected a function, got null$/],
    [{ engineLabels: () => ({}) }, /^engineLabels: .*got a function$/],
    [{ labels: { a: '' }, engineLabels: { a: () => '' } }, /each label once, got "a"$/],
  ]
  for (const [options, message] of wrong) {
    const registry = new Registry()
    const makers = [
      () => new EngineAggregator({ registry, ...options }),
      () => new MooncakeStorePromMetrics({ registry, modelName: 'm', ...options }),
    ]
    for (const make of makers) {
      assert.throws(make, (error: Error) => {
        assert.match(error.message, message)
        return failure('INVALID_OPTION')(error)
      })
      assert.deepEqual(registry.getMetricsAsArray(), [])
    }
  }
})
