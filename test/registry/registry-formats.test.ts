import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type * as prom from 'prom-client'
import { FORMATS } from '../../src/exposition/formats.js'
import {
  EngineAggregator,
  MooncakeStoreConnectorStats,
  MooncakeStorePromMetrics,
  metricsHandler,
} from '../../src/index.js'
import { renderRegistry } from '../../src/registry/render-registry.js'
import { pack } from '../../src/wire/msgpack.js'
import { decodeFamilies } from '../support/assertions/decode-families.js'
import { type ParsedSample, parseExposition } from '../support/assertions/exposition.js'
import { serve } from '../support/processes/servers.js'
import { LIBRARIES, OPENMETRICS_LIBRARIES } from '../support/registries/libraries.js'
import {
  PARSER_SKIP,
  parseStrictly,
  type StrictFamily,
} from '../support/registries/strict-parser.js'
import {
  addUsersMetrics,
  USERS_SAMPLES,
  usersSamples,
} from '../support/registries/users-metrics.js'

const TEXT = 'text/plain; version=0.0.4; charset=utf-8'
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
const HISTOGRAM = 'vllm:mooncake_store_operation_time_seconds'
const KEYS = 'vllm:mooncake_store_operation_keys'
/** The start time of the engines of these tests. */
const NOW_MS = 1_700_000_000_250
const SILENT_AFTER_MS = 1e9

for (const { name, skip, load } of LIBRARIES) {
  test(`${name}: metricsHandler serves the user’s metrics and ours as text`, {
    skip,
  }, async (context) => {
    const { scrape, registry } = await serveAll(context, await load())
    const samples = parseExposition(await scrape('text/plain'))
    assert.deepEqual(usersSamples(samples), USERS_SAMPLES)
    const own = parseExposition(await registry.metrics())
    assert.deepEqual(ourSamples(samples), ourSamples(own))
    // The first garbage collection may happen in between.
    const names = (all: readonly ParsedSample[]) =>
      new Set(all.map((sample) => sample.name).filter((sample) => !sample.includes('_gc_')))
    assert.deepEqual(names(samples), names(own))
    assert.ok(names(samples).has('process_cpu_seconds_total'))
  })

  test(`${name}: metricsHandler adds the default labels of the registry that it serves`, {
    skip,
  }, async (context) => {
    const { Registry } = await load()
    const registry = new Registry()
    registry.setDefaultLabels({ part: 'one' })
    const aggregator = new EngineAggregator({ registry })
    const merged = Registry.merge([registry, new Registry()])
    merged.setDefaultLabels({ host: 'a' })
    for (const [served, label] of [
      [merged, '{host="a"}'],
      [registry, '{part="one"}'],
    ] as const) {
      const url = await serve(context, metricsHandler({ registry: served }))
      const text = await (await fetch(`${url}/metrics`)).text()
      assert.ok(text.includes(`\nmoonmeter_engines_up${label} 0\n`), text)
    }
    await aggregator.close()
  })

  test(`${name}: metricsHandler serves the user’s metrics and ours as OpenMetrics`, {
    skip: skip || PARSER_SKIP,
  }, async (context) => {
    const { scrape, registry } = await serveAll(context, await load())
    const families = parseStrictly(await scrape(OPENMETRICS))
    assert.deepEqual(
      ['requests', 'jobs', 'temperature', 'seconds', 'sizes'].map((family) =>
        typeOf(families, family),
      ),
      ['counter', 'unknown', 'gauge', 'histogram', 'summary'],
    )
    assert.deepEqual(
      [typeOf(families, KEYS), typeOf(families, HISTOGRAM)],
      ['counter', 'histogram'],
    )
    const help = families.find((family) => family.name === 'requests')?.help
    assert.equal(help, 'The "requests" \\ so far.')
    assert.deepEqual(
      families.filter(({ unit }) => unit !== '').map((family) => `${family.name} ${family.unit}`),
      [
        `${HISTOGRAM} seconds`,
        'vllm:mooncake_store_operation_bytes bytes',
        'moonmeter_engine_report_bytes bytes',
        'moonmeter_engine_last_report_timestamp_seconds seconds',
      ],
    )
    // The values are those of the registry's JSON.
    const strict = families.flatMap(({ samples }) => samples)
    const json = samplesOfJson(await registry.getMetricsAsJSON())
    const valuesOf = (samples: readonly AnySample[]) => {
      return samples.filter(isStable).map((sample) => `${nameOf(sample)} ${Number(sample.value)}`)
    }
    const created = ({ name: sample }: AnySample) => sample.endsWith('_created')
    const known = strict.filter((sample) => !created(sample))
    assert.deepEqual(valuesOf(known).sort(), valuesOf(json).sort())
    assert.ok(known.filter(isStable).length > 100)
    // All of our counters and histograms have a creation time, and no other metric has one.
    const began = strict.filter(created)
    assert.ok(began.every(({ value }) => Number(value) === NOW_MS / 1e3))
    const engines = (suffix: string) => began.filter((sample) => sample.name === suffix).length
    assert.deepEqual([engines(`${KEYS}_created`), engines(`${HISTOGRAM}_created`)], [4, 4])
    assert.equal(engines('requests_created'), 0)
  })
}

for (const { name, skip, load } of OPENMETRICS_LIBRARIES) {
  test(`${name}: a registry of OpenMetrics has our metrics by its rules, at every scrape`, {
    skip: skip || PARSER_SKIP,
  }, async () => {
    const library = await load()
    const { registry, aggregator } = newOpenMetrics(library)
    // Before its `metrics` changed any name, and after.
    for (let scrape = 0; scrape < 3; scrape++) {
      const single = await registry.getSingleMetricAsString(`${KEYS}_total`)
      assert.match(single, new RegExp(`^# TYPE ${KEYS} counter$`, 'm'))
      assert.equal(single.match(new RegExp(`^${KEYS}_total\\{`, 'gm'))?.length, 4)
      const families = parseStrictly(await registry.metrics())
      assert.equal(typeOf(families, KEYS), 'counter')
      assert.equal(typeOf(families, HISTOGRAM), 'histogram')
      assert.equal(typeOf(families, 'requests'), 'counter')
      const samples = families.flatMap((family) => family.samples)
      const suffixes = new Set(
        samples.filter((sample) => sample.name.startsWith(KEYS)).map((sample) => sample.name),
      )
      assert.deepEqual([...suffixes], [`${KEYS}_total`, `${KEYS}_created`])
      const labels = samples.filter((sample) => sample.name === `${KEYS}_total`)
      assert.ok(labels.every((sample) => sample.labels.host === 'a'))
    }
    await aggregator.close({ unregister: true })
    assert.equal(registry.getSingleMetric(`${KEYS}_total`), undefined)
  })

  test(`${name}: a registry of OpenMetrics is served in the requested format`, {
    skip,
  }, async (context) => {
    const { registry, aggregator } = newOpenMetrics(await load())
    context.after(() => aggregator.close())
    const url = await serve(context, metricsHandler(aggregator))
    for (let scrape = 0; scrape < 2; scrape++) {
      const text = parseExposition(await get(url, 'text/plain'))
      const openMetrics = await get(url, OPENMETRICS)
      const names = text.map((sample) => sample.name)
      assert.ok(names.includes(`${KEYS}_total`) && names.includes('moonmeter_engines_up'))
      assert.equal(text.find((sample) => sample.name === 'requests_total')?.value, 4)
      // Such a registry adds the suffix to a counter that has none.
      assert.equal(text.find((sample) => sample.name === 'jobs_total')?.value, 3)
      for (const family of ['requests', 'jobs', KEYS]) {
        assert.match(openMetrics, new RegExp(`^# TYPE ${family} counter$`, 'm'))
        assert.match(openMetrics, new RegExp(`^${family}_total[ {]`, 'm'))
      }
      assert.doesNotMatch(openMetrics, /_total_total/)
      assert.match(openMetrics, /\n# EOF\n$/)
      // Its own names of counters change now.
      await registry.metrics()
    }
  })

  test(`${name}: a registry that becomes one of text again has the names of text`, {
    skip,
  }, async () => {
    const library = await load()
    const { registry } = newSmall(library, OPENMETRICS)
    await registry.metrics()
    registry.setContentType(TEXT as never)
    const { registry: other } = newSmall(library, TEXT)
    assert.equal(await registry.metrics(), await other.metrics())
    assert.deepEqual(await registry.getMetricsAsJSON(), await other.getMetricsAsJSON())
  })

  test(`${name}: processes of a cluster merge their metrics as OpenMetrics`, {
    skip: skip || PARSER_SKIP,
  }, async () => {
    const library = await load()
    const processes = [1, 2].map(() => newSmall(library, OPENMETRICS).registry)
    const json = await Promise.all(processes.map((registry) => registry.getMetricsAsJSON()))
    // The types of prom-client lack the second parameter.
    const aggregate: (...parameters: never[]) => prom.Registry =
      library.AggregatorRegistry.aggregate
    const exchanged = JSON.parse(JSON.stringify(json))
    const merged = aggregate(exchanged as never, OPENMETRICS as never)
    const families = parseStrictly(await merged.metrics())
    const family = families.find((one) => one.name === KEYS)
    assert.equal(family?.type, 'counter')
    assert.deepEqual(
      family.samples.map((sample) => [sample.name, Number(sample.value)]),
      [[`${KEYS}_total`, 4]],
    )
  })

  test(`${name}: exemplars of the user’s metrics are in OpenMetrics and protobuf, not in text`, {
    skip: skip || PARSER_SKIP,
  }, async (context) => {
    const { Counter, Histogram, Registry } = await load()
    const registry = newRegistry(Registry, OPENMETRICS)
    const exemplars = { help: 'Help.', enableExemplars: true, registers: [registry] }
    const counter = new Counter({ ...exemplars, name: 'calls_total' })
    const histogram = new Histogram({ ...exemplars, name: 'seconds', buckets: [0.5, 1] })
    counter.inc({ value: 2, exemplarLabels: { trace_id: 'a' } } as never)
    histogram.observe({ value: 0.75, exemplarLabels: { trace_id: 'b' } } as never)
    histogram.observe({ value: 7, exemplarLabels: { trace_id: 'c' } } as never)
    const url = await serve(context, metricsHandler({ registry }))
    const samples = parseStrictly(await get(url, OPENMETRICS)).flatMap((family) => family.samples)
    assert.deepEqual(
      samples.flatMap(({ name: sample, labels, exemplar }) => {
        return exemplar ? [[sample, labels.le, exemplar.labels.trace_id, exemplar.value]] : []
      }),
      [
        ['calls_total', undefined, 'a', '2.0'],
        ['seconds_bucket', '1.0', 'b', '0.75'],
        ['seconds_bucket', '+Inf', 'c', '7.0'],
      ],
    )
    const { buffers } = await renderRegistry(registry, FORMATS.protobuf)
    const [calls, seconds] = decodeFamilies(Buffer.concat(buffers)).map(({ metric }) => metric[0])
    const found = [calls?.counter, ...(seconds?.histogram?.bucket ?? [])].flatMap((one) => {
      return one?.exemplar ? [[one.exemplar.label[0]?.value, one.exemplar.value]] : []
    })
    assert.deepEqual(found, [
      ['a', 2],
      ['b', 0.75],
      ['c', 7],
    ])
    assert.doesNotMatch(await get(url, 'text/plain'), /trace_id/)
  })
}

/** A sample of a parser, or of JSON. */
interface AnySample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number | string
}

/** Serves a registry with default metrics, metrics of each type of the user, and two engines. */
async function serveAll(context: TestContext, library: typeof prom) {
  const registry = new library.Registry()
  library.collectDefaultMetrics({ register: registry })
  addUsersMetrics(library, registry)
  registry.setDefaultLabels({})
  const aggregator = newAggregator(registry)
  context.after(() => aggregator.close())
  const url = await serve(context, metricsHandler(aggregator))
  return { registry, scrape: (accept: string) => get(url, accept) }
}

/** An aggregator with two series of two engines, one of them of an instance. */
function newAggregator(registry: prom.Registry) {
  // On a busy machine, seconds pass between compared scrapes; no engine may be down then.
  const options = { registry, now: () => NOW_MS, silentAfterMs: SILENT_AFTER_MS }
  const aggregator = new EngineAggregator(options)
  for (const instance of ['', 'é "\\'] as const) {
    const rows = (seconds: number) => [{ duration_seconds: seconds, num_keys: 3, num_bytes: 4_096 }]
    const payload = pack({ load_get: rows(0.002), 'save\n"put"': rows(1.5) })
    const source = instance === '' ? { engine: 1 } : { engine: 1, instance }
    assert.ok(aggregator.ingest(payload, source).accepted)
  }
  return aggregator
}

/** A registry of OpenMetrics with the user's metrics and ours, and a default label. */
function newOpenMetrics(library: typeof prom) {
  const registry = newRegistry(library.Registry, OPENMETRICS)
  addUsersMetrics(library, registry)
  registry.setDefaultLabels({ host: 'a' })
  return { registry, aggregator: newAggregator(registry) }
}

/** A registry with two keys of an engine. */
function newSmall({ Registry }: typeof prom, contentType: string) {
  const registry = newRegistry(Registry, contentType)
  const metrics = new MooncakeStorePromMetrics({ registry, modelName: 'm' })
  const stats = new MooncakeStoreConnectorStats()
  stats.recordOperation('op', 0.5, 2)
  metrics.observe(stats)
  return { registry }
}

function newRegistry(Registry: typeof prom.Registry, contentType: string): prom.Registry {
  const registry = new Registry()
  registry.setContentType(contentType as never)
  return registry
}

async function get(url: string, accept: string): Promise<string> {
  const response = await fetch(`${url}/metrics`, { headers: { accept } })
  assert.equal(response.status, 200)
  assert.ok(response.headers.get('content-type')?.startsWith(accept.split(';')[0] ?? ''))
  return response.text()
}

/** The samples of a registry's JSON, with bounds as OpenMetrics writes them. */
function samplesOfJson(json: unknown): AnySample[] {
  const metrics = json as readonly {
    name: string
    values: readonly { metricName?: string; labels?: Record<string, unknown>; value: number }[]
  }[]
  return metrics.flatMap(({ name, values }) =>
    values.map(({ metricName = name, labels = {}, value }) => {
      const texts = Object.entries(labels).map(([label, text]) => [
        label,
        bound(label, String(text)),
      ])
      return { name: metricName, labels: Object.fromEntries(texts), value }
    }),
  )
}

function bound(label: string, text: string): string {
  if (label !== 'le' && label !== 'quantile') return text
  return ({ '1': '1.0', '1000000': '1e+06' } as Readonly<Record<string, string>>)[text] ?? text
}

/** Whether the value of a sample is the same at each scrape. */
function isStable({ name }: AnySample): boolean {
  return !/^(process|nodejs)_/.test(name)
}

function ourSamples(samples: readonly ParsedSample[]): ParsedSample[] {
  return samples.filter(({ name }) => /^(vllm:|moonmeter_)/.test(name))
}

function nameOf({ name, labels }: AnySample): string {
  return JSON.stringify([name, Object.entries(labels).sort()])
}

function typeOf(families: readonly StrictFamily[], name: string): string | undefined {
  return families.find((family) => family.name === name)?.type
}
