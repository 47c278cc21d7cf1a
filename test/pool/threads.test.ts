import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineAggregator, EnginePool } from '../../src/index.js'
import { failure } from '../support/assertions/failures.js'
import { newPool, POOL_ENGINE } from '../support/engines/pools.js'
import { waitUntil } from '../support/processes/wait-until.js'

const RESTART = { delayMsMin: 1, restartsMax: 5 }

test('engines share the given number of threads, each with its own incarnation', async (context) => {
  const { aggregator, pool } = newPool(context, {
    name: 'untilStopped',
    engines: 10,
    threads: 3,
    stopTimeoutMs: 10_000,
  })
  const running = pool.run()
  await waitUntil('a row of each', () => aggregator.stats().rows === 10)
  assert.equal((process.report.getReport() as { workers: unknown[] }).workers.length, 3)
  await pool.stop()
  assert.deepEqual(
    await running,
    Array.from({ length: 10 }, (_, engine) => ({
      engine,
      state: 'finished',
      result: `stopped ${engine}`,
    })),
  )
  for (let engine = 0; engine < 10; engine++) assert.equal(aggregator.stats(engine).rows, 1)
})

test('an engine that throws is restarted, and the others on its thread continue', async (context) => {
  const { pool } = newPool(context, {
    name: 'failAtFirst',
    engines: 3,
    threads: 1,
    task: (engine) => (engine === 1 ? 2 : 0),
    restart: RESTART,
  })
  const exits: number[] = []
  pool.on('exit', ({ engine }) => exits.push(engine))
  const outcomes = await pool.run()
  assert.deepEqual(
    outcomes.map((outcome) => outcome.state === 'finished' && outcome.result),
    [1, 3, 1],
  )
  assert.deepEqual(exits, [1, 1])
})

test('an engine that ends its thread fails those that share it, and all are restarted', async (context) => {
  const { aggregator, pool } = newPool(context, {
    name: 'exitIfFirst',
    engines: 4,
    threads: 2,
    stopTimeoutMs: 10_000,
    restart: RESTART,
  })
  const exits: string[] = []
  pool.on('exit', ({ engine, reason }) => exits.push(`${engine} ${reason}`))
  let starts = 0
  pool.on('start', () => starts++)
  const running = pool.run()
  await waitUntil('two restarts', () => starts === 6)
  await waitUntil('a row of each', () => [0, 1, 2, 3].every((e) => aggregator.stats(e).rows > 0))
  assert.deepEqual(exits, ['0 exit', '2 exit'])
  await pool.stop()
  assert.ok((await running).every(({ state }) => state === 'finished'))
})

test('a number of threads other than 1 to the number of engines is refused', async () => {
  const aggregator = new EngineAggregator()
  for (const threads of [0, 3, 1.5, Number.NaN]) {
    const make = () =>
      new EnginePool({ aggregator, filename: POOL_ENGINE, engines: [4, 9], threads })
    assert.throws(make, failure('INVALID_OPTION'), `${threads}`)
  }
  await aggregator.close()
})
