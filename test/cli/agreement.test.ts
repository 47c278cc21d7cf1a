import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SELF_METRICS, STORE_METRICS } from '../../src/catalogue.js'
import { EngineAggregator, EnginePool } from '../../src/index.js'
import { SharedBlockStore } from '../../src/simulate/block-store.js'
import type { RequestSource } from '../../src/simulate/engine.js'
import { BLOCK_TOKENS, STORE_OPERATIONS, type Tally } from '../../src/simulate/store-call.js'
import { readTrace } from '../../src/simulate/trace.js'
import { REQUESTS_PER_SECOND } from '../../src/simulate/traffic.js'
import type { SyntheticTask } from '../../workers/engine.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { type Counts, sumOfCounts } from '../support/assertions/simulation-result.js'
import { countsOfSamples } from '../support/assertions/store-series.js'
import { SMALL_TRACE } from '../support/processes/command.js'
import { waitUntil } from '../support/processes/wait-until.js'

const ENGINE_FILE = new URL('../../workers/engine.js', import.meta.url)
const ENGINES = 4
const THREADS = 2
const ROWS_MIN = 20_000
const TRAFFIC_BLOCKS = 2 ** 16

/** Runs synthetic engines at speed max; returns their tallies and the aggregator. */
async function runEngines(seed: number, source: RequestSource, blocks: number) {
  const aggregator = new EngineAggregator({ modelName: 'test' })
  const task: SyntheticTask = {
    engines: ENGINES,
    source,
    storeBuffer: SharedBlockStore.create(blocks).buffer,
    begun: new SharedArrayBuffer(4),
    seed,
    latency: { errorRate: 0.1 },
    bytesPerBlock: 75_497_472,
    speed: 'max',
  }
  const pool = new EnginePool({
    aggregator,
    filename: ENGINE_FILE,
    engines: ENGINES,
    threads: THREADS,
    stopTimeoutMs: 20_000,
    task: () => task,
    restart: { restartsMax: 0 },
  })
  try {
    const running = pool.run()
    if (source.kind === 'traffic') {
      await waitUntil('enough rows', () => aggregator.stats().rows > ROWS_MIN)
      await pool.stop()
    }
    const outcomes = await running
    const tallies = outcomes.map((outcome) => {
      assert.equal(outcome.state, 'finished')
      return outcome.state === 'finished' ? (outcome.result as Tally) : assert.fail()
    })
    return { aggregator, tallies }
  } finally {
    await pool.stop()
  }
}

async function assertAgreement(aggregator: EngineAggregator, tallies: readonly Tally[]) {
  const samples = parseExposition(await aggregator.registry.metrics())
  const exposed = (operation: string, engine?: number) =>
    countsOfSamples(
      samples,
      (labels) =>
        labels.operation === operation && (engine === undefined || labels.engine === `${engine}`),
    )
  for (const operation of STORE_OPERATIONS) {
    const own = tallies.map((tally) => tally[operation])
    assert.deepEqual(exposed(operation), sumOfCounts(own), operation)
    assert.deepEqual(aggregated(aggregator, operation), sumOfCounts(own), operation)
    for (const [engine, tally] of own.entries()) {
      assert.deepEqual(exposed(operation, engine), tally, `${operation} of engine ${engine}`)
      assert.deepEqual(aggregated(aggregator, operation, engine), tally)
    }
  }
  for (const [engine, tally] of tallies.entries()) {
    const { calls } = sumOfCounts(Object.values(tally))
    const sumOf = (name: string) =>
      samples
        .filter((sample) => sample.name === name && sample.labels.engine === String(engine))
        .reduce((total, { value }) => total + value, 0)
    assert.equal(sumOf(SELF_METRICS.records.name), calls)
    assert.equal(sumOf(`${STORE_METRICS.durationSeconds.name}_count`), calls)
  }
}

function aggregated(aggregator: EngineAggregator, operation: string, engine?: number): Counts {
  const reduced = aggregator.stats(engine).reduce()
  return {
    calls: reduced[`${operation}_count`] ?? 0,
    keys: reduced[`${operation}_total_keys`] ?? 0,
    bytes: reduced[`${operation}_total_bytes`] ?? 0,
    failedKeys: reduced[`${operation}_failed_keys`] ?? 0,
    errors: reduced[`${operation}_error_count`] ?? 0,
  }
}

for (const seed of [1, 2, 3]) {
  test(`tallies, stats and exposition have the same counts (seed ${seed})`, async () => {
    const traffic = { seed, blockTokens: BLOCK_TOKENS, requestsPerSecond: REQUESTS_PER_SECOND }
    const source = { kind: 'traffic', traffic } as const
    const { aggregator, tallies } = await runEngines(seed, source, TRAFFIC_BLOCKS)
    for (const operation of STORE_OPERATIONS) {
      const { calls, errors, failedKeys } = sumOfCounts(tallies.map((tally) => tally[operation]))
      assert.ok(calls > errors && errors > 0 && failedKeys >= errors, operation)
    }
    await assertAgreement(aggregator, tallies)
    await aggregator.close()
    await assertAgreement(aggregator, tallies)
  })
}

test('tallies, stats and exposition have the same counts for a trace with few requests for some engines', async () => {
  const trace = await readTrace(SMALL_TRACE)
  const source = { kind: 'trace', trace } as const
  const { aggregator, tallies } = await runEngines(4, source, trace.blockCount)
  const puts = sumOfCounts(tallies.map((tally) => tally.save_put))
  assert.equal(puts.keys, 7)
  await assertAgreement(aggregator, tallies)
  await aggregator.close()
})
