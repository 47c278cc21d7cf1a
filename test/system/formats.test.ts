import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import * as prom from 'prom-client'
import { DURATION_BOUNDS_SECONDS, STORE_METRICS } from '../../src/catalogue.js'
import { EngineAggregator, metricsHandler } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { Random } from '../../src/simulate/random.js'
import { pack } from '../../src/wire/msgpack.js'
import { vllmExposition } from '../support/generators/vllm-exposition.js'
import { temporaryDirectory } from '../support/processes/command.js'
import {
  type Instant,
  PROMETHEUS_SKIP,
  type Prometheus,
  startPrometheus,
} from '../support/processes/prometheus.js'
import { serve } from '../support/processes/servers.js'
import { waitUntil } from '../support/processes/wait-until.js'

const SECONDS = STORE_METRICS.durationSeconds.name
const BUCKETS = `${SECONDS}_bucket`
/** The error of a quantile over native histograms, as the guide of the exposition states it. */
const NATIVE_FACTOR = 2 ** (1 / 16) * (65 / 64)
const QUANTILES = [0.5, 0.9, 0.99]
const ROWS = 1_000
/** Medians in seconds of log-normal durations, by operation: lookups are far below 1 ms. */
const MEDIANS = { lookup_exists: 0.0002, load_get: 0.0021, save_put: 0.26 }
const SIGMA = 0.5
const HOSTILE = 'é "quoted"\\\n'
const VLLM_ROWS = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 6]
/** One job for each format, and vLLM's. */
const CLASSIC_JOBS = ['text', 'openmetrics', 'protobuf'] as const
const WAIT_MS_MAX = 60_000
/** No engine becomes silent while the jobs are compared. */
const SILENT_AFTER_MS = 1e9

/** The durations of all operations, the same in each run. */
function drawDurations(): Map<string, Float64Array> {
  const random = new Random(11, 0)
  return new Map(
    Object.entries(MEDIANS).map(([operation, median]) => {
      const durations = Float64Array.from({ length: ROWS }, () => random.logNormal(median, SIGMA))
      return [operation, durations] as const
    }),
  )
}

/** An aggregator with these rows of a thread, and rows that came from outside; and metrics of the user. */
function newAggregator(
  context: TestContext,
  all: ReadonlyMap<string, Float64Array>,
  nativeHistograms: boolean,
): EngineAggregator {
  const registry = new prom.Registry()
  const aggregator = new EngineAggregator({
    registry,
    modelName: 'm',
    nativeHistograms,
    silentAfterMs: SILENT_AFTER_MS,
  })
  context.after(() => aggregator.close())
  const recorder = createRecorder(aggregator.connect(0))
  for (const [operation, durations] of all) {
    for (const duration of durations) recorder.record(operation, duration, 3, { numBytes: 5 })
  }
  recorder.close()
  const rows = [{ duration_seconds: 1, num_keys: 2 ** 40, status: HOSTILE }]
  assert.ok(aggregator.ingest(pack({ [HOSTILE]: rows }), { engine: 7 }).accepted)
  const registers = [registry]
  new prom.Counter({ name: 'jobs_total', help: 'H.', registers }).inc(3)
  new prom.Counter({ name: 'without_suffix', help: 'H.', registers }).inc(4)
  new prom.Gauge({ name: 'level', help: 'H.', registers }).set(-0.5)
  // Whole bounds would have other texts in the text format of prom-client.
  const bounds = { buckets: [0.5, 2.5] }
  new prom.Histogram({ name: 'own_seconds', help: 'H.', registers, ...bounds }).observe(1)
  new prom.Summary({ name: 'own_bytes', help: 'H.', registers }).observe(7)
  return aggregator
}

test('Prometheus stores the same of text, OpenMetrics and protobuf, and quantiles of native histograms', {
  skip: PROMETHEUS_SKIP,
}, async (context) => {
  const durations = drawDurations()
  const classic = newAggregator(context, durations, false)
  const native = newAggregator(context, durations, true)
  /** Per path what the scraper asked for, and the encoding of the response. */
  const asked = new Map<string, readonly [accept: string, encodings: string, encoding: string]>()
  const handlers = [
    metricsHandler(classic, { path: '/text', formats: ['text'] }),
    metricsHandler(classic, { path: '/openmetrics', formats: ['openmetrics'] }),
    metricsHandler(classic, { path: '/protobuf', formats: ['protobuf'] }),
    metricsHandler(native, { path: '/native', formats: ['protobuf'] }),
  ]
  const url = await serve(context, (request, response) => {
    const { accept, 'accept-encoding': encodings } = request.headers
    response.once('finish', () => {
      const encoding = response.getHeader('Content-Encoding')
      asked.set(`${request.url}`, [`${accept}`, `${encodings}`, `${encoding}`])
    })
    const callFrom = (index: number) => {
      handlers[index]?.(request, response, () => callFrom(index + 1))
    }
    callFrom(0)
  })
  const text = vllmExposition('m', [{ operation: 'load_get', rows: VLLM_ROWS }])
  const vllm = await serve(context, (_, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8').end(text)
  })
  const prometheus = await startPrometheus(context, {
    directory: temporaryDirectory(context),
    jobs: {
      text: `${url}/text`,
      openmetrics: `${url}/openmetrics`,
      protobuf: `${url}/protobuf`,
      native: `${url}/native`,
      vllm: `${vllm}/metrics`,
    },
    args: ['--enable-feature=native-histograms'],
  })
  await waitUntil(
    'all jobs scraped',
    async () => (await prometheus.query('count(up == 1)'))[0]?.value[1] === '5',
    WAIT_MS_MAX,
  ).catch(async (cause) => {
    throw new Error(JSON.stringify(await prometheus.targets()), { cause })
  })
  assert.deepEqual([...asked.keys()].sort(), ['/native', '/openmetrics', '/protobuf', '/text'])
  for (const [path, [accept, encodings, encoding]] of asked) {
    assert.match(accept, /^application\/vnd\.google\.protobuf/, path)
    assert.equal(encodings, 'gzip', path)
    assert.equal(encoding, 'gzip', path)
  }

  await assertSameClassicSamples(context, prometheus)
  await assertSameTotals(prometheus)
  await assertQuantiles(context, prometheus, durations)
  await assertSumsWithVllm(prometheus, durations)
  assert.deepEqual(prometheus.complaints(), [])
})

/** Every series of the text is one of the other formats, with the same value, and the reverse. */
async function assertSameClassicSamples(
  context: TestContext,
  prometheus: Prometheus,
): Promise<void> {
  const [expected, ...others] = await Promise.all(
    CLASSIC_JOBS.map(async (job) => seriesOf(await prometheus.query(`{job="${job}"}`))),
  )
  assert.ok(expected !== undefined && expected.size > 100)
  context.diagnostic(`${expected.size} series of each format`)
  assert.ok([...expected.keys()].some((key) => key.includes(JSON.stringify(HOSTILE))))
  for (const other of others) assert.deepEqual(other, expected)
}

/** Name and labels of each series, and its value. */
function seriesOf(instants: readonly Instant[]): Map<string, string> {
  const all = instants.flatMap(({ metric, value }) => {
    const { __name__: name = '', job: _job, instance: _instance, ...labels } = metric
    // OpenMetrics alone has the times at which series began.
    if (/^(?:up|scrape_\w+)$|_created$/.test(name)) return []
    return [[`${name}${JSON.stringify(Object.entries(labels).sort())}`, value[1]] as const]
  })
  assert.equal(new Set(all.map(([key]) => key)).size, all.length)
  return new Map(all.sort(([left], [right]) => (left < right ? -1 : 1)))
}

/** Count and sum of each native histogram are those of the classic ones, which are not there. */
async function assertSameTotals(prometheus: Prometheus): Promise<void> {
  const valuesOf = async (expression: string) => {
    const instants = await prometheus.query(`sum by (engine, operation, status) (${expression})`)
    return seriesOf(instants)
  }
  for (const part of ['count', 'sum']) {
    const classic = await valuesOf(`${SECONDS}_${part}{job="text"}`)
    assert.equal(classic.size, Object.keys(MEDIANS).length + 1)
    assert.deepEqual(await valuesOf(`histogram_${part}(${SECONDS}{job="native"})`), classic)
  }
  assert.deepEqual(await prometheus.query(`{__name__=~"${SECONDS}_.*", job="native"}`), [])
}

/** Quantiles of native histograms are within the stated error, and those of classic ones are not. */
async function assertQuantiles(
  context: TestContext,
  prometheus: Prometheus,
  durations: ReadonlyMap<string, Float64Array>,
): Promise<void> {
  let worstNative = 1
  for (const [operation, all] of durations) {
    const sorted = all.toSorted()
    let worstClassic = 1
    for (const quantile of QUANTILES) {
      const exact = sorted[Math.ceil(quantile * sorted.length) - 1]
      const [native] = await prometheus.query(
        `histogram_quantile(${quantile}, sum(${SECONDS}{job="native", operation="${operation}"}))`,
      )
      const [classic] = await prometheus.query(
        `histogram_quantile(${quantile}, sum by (le) (${BUCKETS}{job="text", operation="${operation}"}))`,
      )
      const ms = [exact, native?.value[1], classic?.value[1]].map((value) => 1e3 * Number(value))
      const [exactMs, nativeMs, classicMs] = ms
      const row = ms.map((value) => value.toFixed(4)).join(', ')
      context.diagnostic(`${operation} p${100 * quantile}, ms: exact, native, classic: ${row}`)
      worstNative = Math.max(worstNative, nativeMs / exactMs, exactMs / nativeMs)
      worstClassic = Math.max(worstClassic, classicMs / exactMs, exactMs / classicMs)
    }
    assert.ok(worstClassic > NATIVE_FACTOR, `${operation}: classic is within ${worstClassic}`)
  }
  context.diagnostic(`native within a factor of ${worstNative}, stated is ${NATIVE_FACTOR}`)
  assert.ok(worstNative <= NATIVE_FACTOR)
}

/** Sums by bucket over engines here and of vLLM are the sums: all texts of bounds agree. */
async function assertSumsWithVllm(
  prometheus: Prometheus,
  durations: ReadonlyMap<string, Float64Array>,
): Promise<void> {
  const bounds = [...DURATION_BOUNDS_SECONDS, Number.POSITIVE_INFINITY]
  const ours = durations.get('load_get') ?? []
  let ofVllm = 0
  const expected = bounds.map((bound, index) => {
    ofVllm += VLLM_ROWS[index]
    return [bound, ofVllm + ours.filter((duration) => duration <= bound).length]
  })
  for (const job of CLASSIC_JOBS) {
    const buckets = `${BUCKETS}{job=~"vllm|${job}", operation="load_get"}`
    const sums = await prometheus.query(`sum by (le) (${buckets})`)
    const shown = sums.map(({ metric, value }) => [
      Number(metric.le?.replace('+Inf', 'Infinity')),
      Number(value[1]),
    ])
    assert.deepEqual(
      shown.sort(([left], [right]) => left - right),
      expected,
      job,
    )
  }
}
