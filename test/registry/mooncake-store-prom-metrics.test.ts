import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { MooncakeStoreConnectorStats, MooncakeStorePromMetrics } from '../../src/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { failure } from '../support/assertions/failures.js'
import { nextUp } from '../support/generators/floats.js'

const BOUNDS = [0.01, 1, 2]

function newMetrics(modelName = 'm') {
  const registry = new Registry()
  const metrics = new MooncakeStorePromMetrics({ registry, modelName, bounds: BOUNDS })
  const stats = new MooncakeStoreConnectorStats({ bounds: BOUNDS })
  return { registry, metrics, stats }
}

test('the exposition of a tiny case is this text', async () => {
  const { registry, metrics, stats } = newMetrics()
  stats.recordOperation('save_put', 0.01, 3, { numBytes: 10 })
  stats.recordOperation('save_put', nextUp(1), 2, { numBytes: 2 ** 64 })
  stats.recordOperation('save_put', 5, 1, { status: 'error', numFailedKeys: 1 })
  metrics.observe(stats, 3)
  const ok = 'model_name="m",engine="3",operation="save_put",status="ok"'
  const error = 'model_name="m",engine="3",operation="save_put",status="error"'
  const prefix = 'vllm:mooncake_store_operation'
  assert.equal(
    await registry.metrics(),
    `# HELP ${prefix}_time_seconds Histogram of Mooncake store communication time.
# TYPE ${prefix}_time_seconds histogram
${prefix}_time_seconds_bucket{${ok},le="0.01"} 1
${prefix}_time_seconds_bucket{${ok},le="1.0"} 1
${prefix}_time_seconds_bucket{${ok},le="2.0"} 2
${prefix}_time_seconds_bucket{${ok},le="+Inf"} 2
${prefix}_time_seconds_sum{${ok}} 1.0100000000000002
${prefix}_time_seconds_count{${ok}} 2
${prefix}_time_seconds_bucket{${error},le="0.01"} 0
${prefix}_time_seconds_bucket{${error},le="1.0"} 0
${prefix}_time_seconds_bucket{${error},le="2.0"} 0
${prefix}_time_seconds_bucket{${error},le="+Inf"} 1
${prefix}_time_seconds_sum{${error}} 5
${prefix}_time_seconds_count{${error}} 1

# HELP ${prefix}_total Number of Mooncake store communication operations.
# TYPE ${prefix}_total counter
${prefix}_total{${ok}} 2
${prefix}_total{${error}} 1

# HELP ${prefix}_keys_total Number of Mooncake store keys touched by operations.
# TYPE ${prefix}_keys_total counter
${prefix}_keys_total{${ok}} 5
${prefix}_keys_total{${error}} 1

# HELP ${prefix}_bytes_total Number of bytes transferred by Mooncake store operations.
# TYPE ${prefix}_bytes_total counter
${prefix}_bytes_total{${ok}} 18446744073709552000
${prefix}_bytes_total{${error}} 0

# HELP ${prefix}_failed_keys_total Number of Mooncake store keys that failed in operations.
# TYPE ${prefix}_failed_keys_total counter
${prefix}_failed_keys_total{${ok}} 0
${prefix}_failed_keys_total{${error}} 1
`,
  )
})

test('before anything is observed there are families without samples', async () => {
  const { registry } = newMetrics()
  const text = await registry.metrics()
  assert.equal(text.match(/^# TYPE vllm:/gm)?.length, 5)
  assert.deepEqual(parseExposition(text), [])
})

test('label values come through with their quotes, backslashes and line ends', async () => {
  const model = 'a "quoted" \\ model\nof\\n two lines'
  const { registry, metrics, stats } = newMetrics(model)
  const names = ['"', '\\', '\n', '\\n', '\\"', 'x\\', '{}', 'a,b="c"', '', '\u{1f600}']
  for (const name of names) stats.recordOperation(name, 1, 1, { status: `s${name}` })
  metrics.observe(stats)
  const text = await registry.metrics()
  const samples = parseExposition(text).filter(({ name }) => name.endsWith('operation_total'))
  assert.deepEqual(
    new Set(samples.map(({ labels }) => JSON.stringify(labels))),
    new Set(
      names.map((operation) =>
        JSON.stringify({ model_name: model, engine: '0', operation, status: `s${operation}` }),
      ),
    ),
  )
  assert.ok(text.includes('model_name="a \\"quoted\\" \\\\ model\\nof\\\\n two lines"'))
})

test('observed stats are added up per engine, and engines are in numeric order', async () => {
  const { registry, metrics, stats } = newMetrics()
  stats.recordOperation('op', 1, 2)
  for (const engine of [10, 9, 10, 0]) metrics.observe(stats, engine)
  const samples = parseExposition(await registry.metrics())
  const keys = samples.filter(({ name }) => name.endsWith('operation_keys_total'))
  assert.deepEqual(
    keys.map(({ labels, value }) => [labels.engine, value]),
    [
      ['0', 2],
      ['9', 2],
      ['10', 4],
    ],
  )
  stats.recordOperation('op', 1, 2)
  assert.deepEqual(parseExposition(await registry.metrics()), samples)
})

test('stats with other buckets and invalid engines are rejected, and change nothing', async () => {
  const { registry, metrics, stats } = newMetrics()
  stats.recordOperation('op', 1, 2)
  const other = new MooncakeStoreConnectorStats()
  other.recordOperation('op', 1, 2)
  assert.throws(() => metrics.observe(other, 1), failure('LAYOUT_MISMATCH'))
  for (const engine of [-1, 1.5, '0', Number.NaN] as never[]) {
    assert.throws(() => metrics.observe(stats, engine), failure('INVALID_ENGINE'))
  }
  assert.deepEqual(parseExposition(await registry.metrics()), [])
})

test('an unknown option is refused before anything is registered', () => {
  const registry = new Registry()
  const options = { registry, modelName: 'm', buckets: [1] }
  assert.throws(() => new MooncakeStorePromMetrics(options), failure('INVALID_OPTION'))
  assert.deepEqual(registry.getMetricsAsArray(), [])
  const wrongModel = { registry, modelName: 5 } as never
  assert.throws(() => new MooncakeStorePromMetrics(wrongModel), failure('INVALID_OPTION'))
})

test('counts above 2^53 are exposed in every bucket', async () => {
  const { registry, metrics, stats } = newMetrics()
  stats.recordOperation('save_put', 0.5, 1)
  // Doubled until it is no safe integer.
  for (let times = 0; times < 57; times++) stats.aggregate(stats)
  metrics.observe(stats)
  const samples = parseExposition(await registry.metrics())
  for (const { name, labels, value } of samples) {
    if (labels.le === '0.01' || /bytes|failed/.test(name)) assert.equal(value, 0)
    else assert.equal(value, name.endsWith('_sum') ? 2 ** 56 : 2 ** 57)
  }
})
