import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Registry } from 'prom-client'
import { Totals } from '../../src/aggregator/totals.js'
import {
  EXTRA_COUNTER_METRICS,
  IN_FLIGHT_METRIC,
  SELF_METRICS,
  STORE_METRICS,
} from '../../src/catalogue.js'
import {
  type AggregatorOptions,
  EngineAggregator,
  MooncakeStoreConnectorStats,
  MooncakeStorePromMetrics,
} from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { ColumnLayout } from '../../src/snapshot/column-layout.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { failure } from '../support/assertions/failures.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

const TOTALS = { perEngine: false }
const LAST_REPORT = SELF_METRICS.lastReport.name
const UP = SELF_METRICS.enginesUp.name
const PER_ENGINE_ONLY = [SELF_METRICS.engineUp.name, SELF_METRICS.engineOpen.name]

/** Every sample of a registry by its name and labels without the engine, added up over engines. */
async function sumsOf(registry: Registry): Promise<Map<string, number>> {
  const sums = new Map<string, number>()
  for (const { name, labels, value } of parseExposition(await registry.metrics())) {
    const { engine: _engine, instance: _instance, ...rest } = labels
    const key = name + JSON.stringify(Object.entries(rest).sort())
    const isLatest = name === LAST_REPORT
    sums.set(key, isLatest ? Math.max(sums.get(key) ?? 0, value) : (sums.get(key) ?? 0) + value)
  }
  for (const key of sums.keys()) {
    if (PER_ENGINE_ONLY.some((name) => key.startsWith(name))) sums.delete(key)
  }
  return sums
}

/**
 * An aggregator with series per engine and one with sums, to which a test applies the same
 * operations.
 */
function newPair(options: AggregatorOptions = {}) {
  // A long time-out, so that no engine is down if a busy machine takes seconds between reports and
  // scrapes.
  const clock = { now: () => 1_000, silentAfterMs: 1e9 }
  const pair = [
    new EngineAggregator({ ...clock, ...options }),
    new EngineAggregator({ ...clock, ...options, ...TOTALS }),
  ] as const
  return {
    both: (run: (aggregator: EngineAggregator) => void) => pair.forEach(run),
    perEngine: pair[0],
    totals: pair[1],
    close: () => Promise.all(pair.map((aggregator) => aggregator.close())),
  }
}

test('totals are the sums of the series of each engine, and have no label of an engine', async () => {
  const { both, perEngine, totals, close } = newPair({ operations: ['load_get'] })
  const stats = new MooncakeStoreConnectorStats()
  stats.recordOperation('op', 0.125, 1, { numBytes: 5, status: 'odd' })
  both((aggregator) => {
    for (let engine = 0; engine < 70; engine++) {
      aggregator.ingest(reportBytes({ engine, series: [seriesWithRows(engine, 'load_get')] }))
      aggregator.ingest(reportBytes({ engine, instance: 'b' }))
      aggregator.ingest(stats.toPayload(), { engine })
    }
    const recorder = createRecorder(aggregator.connect(100))
    for (let row = 0; row < 300; row++) recorder.record('save_put', row / 8, row)
    aggregator.noteRestart(3, 'exit')
    aggregator.noteRestart(4, 'exit')
    aggregator.ingest(new Uint8Array([0xc1]))
    recorder.close()
    // Reads the last report immediately, so that both aggregators have it.
    aggregator.disconnect(100)
  })
  const shown = await sumsOf(totals.registry)
  assert.deepEqual(shown, await sumsOf(perEngine.registry))
  assert.equal(shown.get(`${UP}[]`), 140)
  for (const { name, labels } of parseExposition(await totals.registry.metrics())) {
    assert.ok(!('engine' in labels || 'instance' in labels), name)
  }
  const [source] = totals.snapshot().sources
  assert.deepEqual([totals.snapshot().sources.length, source.engine], [141, 0])
  await close()
})

/** One event of an aggregator. */
const events = fc.oneof(
  fc.record({
    kind: fc.constant('report' as const),
    engine: fc.nat({ max: 3 }),
    instance: fc.constantFrom(undefined, 'b'),
    rows: fc.integer({ min: 1, max: 50 }),
    operation: fc.constantFrom('load_get', 'save_put', 'op'),
  }),
  fc.record({
    kind: fc.constant('drop' as const),
    engine: fc.nat({ max: 3 }),
    instance: fc.constantFrom(undefined, 'b'),
  }),
  fc.record({ kind: fc.constant('record' as const), rows: fc.integer({ min: 1, max: 600 }) }),
  fc.record({ kind: fc.constant('scrape' as const) }),
)

test('totals are exact and never go down while engines are added, dropped and added again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(events, { minLength: 5, maxLength: 60 }), async (all) => {
      const aggregator = new EngineAggregator({ ...TOTALS, intervalMs: 60_000 })
      const expected = new Map<string, number>()
      const count = (operation: string, rows: number) => {
        expected.set(operation, (expected.get(operation) ?? 0) + rows)
      }
      let before = new Map<string, number>()
      for (const [index, event] of [...all, { kind: 'scrape' } as const].entries()) {
        if (event.kind === 'report') {
          const { engine, instance, rows, operation } = event
          const series = [seriesWithRows(rows, operation)]
          const identity = { engine, incarnation: index + 1, ...(instance && { instance }) }
          const result = aggregator.ingest(reportBytes({ ...identity, series }))
          assert.ok(result.accepted)
          count(operation, rows)
        } else if (event.kind === 'drop') {
          const { engine, instance } = event
          aggregator.disconnect(engine, { series: 'drop', ...(instance && { instance }) })
        } else if (event.kind === 'record') {
          const recorder = createRecorder(aggregator.connect(9))
          for (let row = 0; row < event.rows; row++) recorder.record('local', 0.5, 1)
          count('local', event.rows)
          aggregator.disconnect(9, { series: 'drop' })
        } else {
          const shown = await sumsOf(aggregator.registry)
          for (const [name, value] of before) {
            if (!name.startsWith(UP)) assert.ok((shown.get(name) ?? -1) >= value, name)
          }
          before = shown
          const { operations, keys, durationSeconds, records } = {
            ...STORE_METRICS,
            ...SELF_METRICS,
          }
          const labels = (operation: string, le?: string) => {
            const entries = { model_name: 'unknown', operation, status: 'ok', ...(le && { le }) }
            return JSON.stringify(Object.entries(entries).sort())
          }
          let rows = 0
          for (const [operation, more] of expected) {
            rows += more
            assert.equal(shown.get(operations.name + labels(operation)), more)
            assert.equal(shown.get(keys.name + labels(operation)), more)
            assert.equal(shown.get(`${durationSeconds.name}_sum${labels(operation)}`), more / 2)
            assert.equal(shown.get(`${durationSeconds.name}_bucket${labels(operation, '0.4')}`), 0)
            assert.equal(
              shown.get(`${durationSeconds.name}_bucket${labels(operation, '0.5')}`),
              more,
            )
          }
          assert.equal(shown.get(`${records.name}[]`), rows)
        }
      }
      await aggregator.close()
    }),
    { seed: 50, numRuns: 30, endOnFailure: true },
  )
})

test('counters past 2^53 are rounded, and do not go down when an engine is dropped', async () => {
  const aggregator = new EngineAggregator(TOTALS)
  const bytes = `${STORE_METRICS.bytes.name}[["model_name","unknown"],["operation","load_get"],["status","ok"]]`
  const series = (numBytes: number) => [{ ...seriesWithRows(1), numBytes }]
  for (let engine = 0; engine < 40; engine++) {
    aggregator.ingest(reportBytes({ engine, series: series(2 ** 53 + 2 * engine * 3 ** engine) }))
  }
  let before = (await sumsOf(aggregator.registry)).get(bytes) ?? 0
  for (let engine = 39; engine >= 0; engine--) {
    aggregator.disconnect((engine * 7) % 40, { series: 'drop' })
    const now = (await sumsOf(aggregator.registry)).get(bytes) ?? 0
    assert.ok(now >= before, `${now} after ${before}`)
    before = now
  }
  assert.deepEqual(aggregator.engines, [])
  await aggregator.close()
})

test('series keep their places, and declared operations have series before any engine', async () => {
  const aggregator = new EngineAggregator({ ...TOTALS, operations: ['load_get'] })
  const names = async () => {
    const samples = parseExposition(await aggregator.registry.metrics())
    return samples
      .filter(({ name }) => name === STORE_METRICS.operations.name)
      .map(({ labels, value }) => `${labels.operation} ${labels.status} ${value}`)
  }
  const zeros = ['load_get ok 0', 'load_get partial_failure 0', 'load_get error 0']
  assert.deepEqual(await names(), zeros)
  aggregator.ingest(reportBytes({ engine: 1, series: [seriesWithRows(1, 'b')] }))
  assert.deepEqual(await names(), [...zeros, 'b ok 1'])
  aggregator.ingest(reportBytes({ engine: 0, series: [seriesWithRows(1, 'a')] }))
  assert.deepEqual(await names(), [...zeros, 'b ok 1', 'a ok 1'])
  aggregator.disconnect(1, { series: 'drop' })
  assert.deepEqual(await names(), [...zeros, 'b ok 1', 'a ok 1'])
  await aggregator.close()
})

test('the newest exemplar of each bucket is that of the totals', async () => {
  const registry = new Registry()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
  const aggregator = new EngineAggregator({ ...TOTALS, registry: registry as never })
  for (const [engine, seconds] of [5, 9, 7].entries()) {
    const labels = { trace_id: `trace ${engine}` }
    const exemplar = { labels, value: 0.5, timestampSeconds: seconds }
    aggregator.ingest(reportBytes({ engine, exemplars: [{ series: 0, exemplar }] }))
  }
  const text = await registry.metrics()
  assert.deepEqual(text.match(/le="0.5"\} .*/g), ['le="0.5"} 3 # {trace_id="trace 1"} 0.5 9'])
  await aggregator.close()
})

test('extra counters are sums, too, and calls in flight are those of the current engines', async () => {
  const extraMetrics = ['transferred_bytes', 'hit_keys', 'in_flight'] as const
  const aggregator = new EngineAggregator({ ...TOTALS, extraMetrics })
  const shown = async () => {
    const samples = parseExposition(await aggregator.registry.metrics())
    return extraMetrics.map((metric) => {
      const { name } = metric === 'in_flight' ? IN_FLIGHT_METRIC : EXTRA_COUNTER_METRICS[metric]
      return samples.filter((sample) => sample.name === name).map(({ value }) => value)
    })
  }
  const extras = { numTransferredBytes: 5, numHitKeys: 1 }
  for (const engine of [0, 1, 2]) {
    const series = [{ ...seriesWithRows(1), extras }]
    aggregator.ingest(reportBytes({ engine, series, inFlight: [engine + 1] }))
  }
  assert.deepEqual(await shown(), [[15], [3], [6]])
  aggregator.disconnect(2, { series: 'drop' })
  assert.deepEqual(await shown(), [[15], [3], [3]])
  await aggregator.close()
})

test('stats that a caller observes are added up, and reset with the registry', async () => {
  const registry = new Registry()
  const metrics = new MooncakeStorePromMetrics({ registry, modelName: 'm', ...TOTALS })
  const stats = new MooncakeStoreConnectorStats()
  stats.recordOperation('op', 1, 2)
  const keys = async () => {
    const samples = parseExposition(await registry.metrics())
    return samples.filter(({ name }) => name === STORE_METRICS.keys.name)
  }
  for (let engine = 0; engine < 5; engine++) metrics.observe(stats, engine)
  const labels = { model_name: 'm', operation: 'op', status: 'ok' }
  assert.deepEqual(await keys(), [{ name: STORE_METRICS.keys.name, labels, value: 10 }])
  registry.resetMetrics()
  assert.deepEqual(await keys(), [])
  metrics.observe(stats, 1)
  assert.equal((await keys())[0]?.value, 2)
})

test('names in sums are limited as in each engine, and every row is counted', async () => {
  const aggregator = new EngineAggregator(TOTALS)
  let rows = 0
  for (let engine = 0; engine < 60; engine++) {
    const stats = new MooncakeStoreConnectorStats()
    for (let index = 0; index < 30; index++, rows++) {
      stats.recordOperation(`op ${engine % 60} ${index}`, 1, 1, { status: `status ${engine % 30}` })
    }
    aggregator.ingest(stats.toPayload(), { engine })
  }
  const samples = parseExposition(await aggregator.registry.metrics())
  const calls = samples.filter(({ name }) => name === STORE_METRICS.operations.name)
  assert.ok(calls.length <= 1_024 + 20, `${calls.length} series`)
  assert.equal(
    calls.reduce((sum, { value }) => sum + value, 0),
    rows,
  )
  await aggregator.close()
})

test('the sum over a thousand engines is computed in steps of few series', async () => {
  const aggregator = new EngineAggregator()
  const series = Array.from({ length: 12 }, (_, index) => seriesWithRows(1, `op ${index}`))
  for (let engine = 0; engine < 1_000; engine++) {
    aggregator.ingest(reportBytes({ engine, series }))
  }
  const totals = new Totals(new ColumnLayout(DEFAULT_LAYOUT), [], 0)
  const steps = totals.sum(aggregator.snapshot().sources)
  let count = 0
  while (steps.next().done !== true) count++
  // A step per source, and one per 64 series.
  assert.ok(count > 1_000 + (12 * 1_000) / 64, `${count} steps`)
  await aggregator.close()
})

test('perEngine is a boolean, and labels of engines need it', () => {
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ perEngine: 0 }, /^perEngine: expected a boolean, got 0$/],
    [{ perEngine: null }, /^perEngine: expected a boolean, got null$/],
    [{ ...TOTALS, engineLabels: { gpu: () => '' } }, /^engineLabels: expected none with perEngine/],
  ]
  for (const [options, message] of wrong) {
    const check = (error: Error) => {
      assert.match(error.message, message)
      return failure('INVALID_OPTION')(error)
    }
    assert.throws(() => new EngineAggregator(options), check)
    const registry = new Registry()
    assert.throws(
      () => new MooncakeStorePromMetrics({ registry, modelName: 'm', ...options }),
      check,
    )
  }
})
