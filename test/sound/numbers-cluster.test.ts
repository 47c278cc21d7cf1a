import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as platformatic from '@platformatic/prom-client'
import * as prom from 'prom-client'
import { EngineAggregator } from '../../src/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

/** What an aggregator of a process tells its cluster: engine 0 at a time, and further engines. */
async function processMetrics(registry: prom.Registry, nowMs: number, engines: number) {
  const aggregator = new EngineAggregator({ registry, now: () => nowMs })
  for (let engine = 0; engine < engines; engine++) {
    aggregator.ingest(reportBytes({ engine, series: [seriesWithRows(3)] }))
  }
  const json = await registry.getMetricsAsJSON()
  await aggregator.close()
  // Processes exchange it as text.
  return JSON.parse(JSON.stringify(json))
}

for (const [name, module] of Object.entries({ prom, platformatic })) {
  test(`${name}: the metrics of two processes merge into those of one`, async () => {
    const { AggregatorRegistry, Registry } = module as typeof prom
    const merged = AggregatorRegistry.aggregate([
      await processMetrics(new Registry(), 1_700_000_000_000, 2),
      await processMetrics(new Registry(), 1_800_000_000_000, 1),
    ])
    const samples = parseExposition(await merged.metrics())
    const valuesOf = (wanted: string) =>
      samples.filter((sample) => sample.name === wanted).map(({ value }) => value)
    assert.deepEqual(valuesOf('moonmeter_engine_last_report_timestamp_seconds'), [1.8e9, 1.7e9])
    assert.deepEqual(valuesOf('moonmeter_engine_up'), [1, 1])
    assert.deepEqual(valuesOf('moonmeter_engines_up'), [3])
    assert.deepEqual(valuesOf('moonmeter_engine_records_total'), [6, 3])
    assert.deepEqual(valuesOf('moonmeter_engine_reports_total'), [2, 1])
    assert.deepEqual(valuesOf('vllm:mooncake_store_operation_keys_total'), [6, 3])
    assert.deepEqual(valuesOf('vllm:mooncake_store_operation_time_seconds_count'), [6, 3])
  })
}
