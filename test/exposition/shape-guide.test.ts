import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { DURATION_BOUNDS_SECONDS, EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { parseExposition } from '../support/assertions/exposition.js'

const GUIDE = fileURLToPath(new URL('../../../src/exposition/SHAPE.md', import.meta.url))
const EXAMPLE = /<!-- example: (\S+) -->\n```js\n.*?(const .*?)```/gs

/** The aggregator of an example of the guide. */
async function aggregatorOf(example: string): Promise<EngineAggregator> {
  const guide = await readFile(GUIDE, 'utf8')
  const examples = Array.from(guide.matchAll(EXAMPLE), ([, name, code]) => [name, code] as const)
  const code = new Map(examples).get(example)
  assert.ok(code !== undefined, example)
  const run = new Function(
    'EngineAggregator',
    'DURATION_BOUNDS_SECONDS',
    `${code};return aggregator`,
  )
  return run(EngineAggregator, DURATION_BOUNDS_SECONDS)
}

/** The median that `histogram_quantile` computes from the buckets of a scrape. */
async function medianOf(aggregator: EngineAggregator): Promise<number> {
  const samples = parseExposition(await aggregator.registry.metrics())
  const buckets = samples.filter(({ name, labels: { operation, status } }) => {
    return name.endsWith('_bucket') && operation === 'load_get' && status === 'ok'
  })
  const rank = (buckets.at(-1)?.value ?? 0) / 2
  const index = buckets.findIndex(({ value }) => value >= rank)
  const [before, after] = [buckets[index - 1], buckets[index]]
  const from = before === undefined ? 0 : Number(before.labels.le)
  const share = (rank - (before?.value ?? 0)) / ((after?.value ?? 0) - (before?.value ?? 0))
  return from + (Number(after?.labels.le) - from) * share
}

test('the examples of the guide have the stated samples', async () => {
  const aggregator = await aggregatorOf('shape.js')
  createRecorder(aggregator.connect(1)).close()
  const text = await aggregator.registry.metrics()
  const labels =
    'model_name="llama-3-70b",region="eu",shard="7",engine="1",gpu="GPU-77b0",' +
    'operation="load_get",status="partial_failure"'
  assert.ok(text.includes(`\nmyapp_vllm:mooncake_store_operation_total{${labels}} 0\n`), text)
  assert.match(text, /\nmyapp_moonmeter_engines_up\{region="eu",shard="7"\} \d\n/)
  await aggregator.close()

  const totals = await aggregatorOf('totals.js')
  for (const engine of [0, 1]) {
    const recorder = createRecorder(totals.connect(engine))
    recorder.record('load_get', 0.1, 1)
    recorder.close()
  }
  totals.snapshot()
  const shown = await totals.registry.metrics()
  assert.match(
    shown,
    /_operation_total\{model_name="llama-3-70b",operation="load_get",status="ok"\} 2\n/,
  )
  assert.doesNotMatch(shown, /engine=|moonmeter_engine_up/)
  await totals.close()
})

test('the medians of fast lookups are those of the guide', async () => {
  const guide = await readFile(GUIDE, 'utf8')
  for (const [aggregator, micros] of [
    [new EngineAggregator(), 500],
    [await aggregatorOf('shape.js'), 175],
  ] as const) {
    const recorder = createRecorder(aggregator.connect(0))
    for (let row = 0; row < 1_000; row++) recorder.record('load_get', 0.0002, 1)
    recorder.close()
    aggregator.snapshot()
    assert.ok(Math.abs((await medianOf(aggregator)) - micros / 1e6) < 1e-12)
    assert.ok(guide.includes(` ${micros} µs`))
    await aggregator.close()
  }
})
