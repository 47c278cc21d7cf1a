import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { EngineAggregator, EnginePool, type PoolEvents } from '../../src/index.js'
import { failure } from '../support/assertions/failures.js'
import { newPool, POOL_ENGINE } from '../support/engines/pools.js'
import { waitUntil } from '../support/processes/wait-until.js'

const FAILING_FILE = new URL('../support/engines/failing-engine.js', import.meta.url)

test('refused restart options leave no thread running', async (context) => {
  const threads = () => (process.report.getReport() as { workers: unknown[] }).workers.length
  const aggregator = new EngineAggregator()
  const options = { aggregator, filename: POOL_ENGINE, engines: 2, restart: { restartsMax: -1 } }
  // This must be the first test of its file, so that no thread of another test is counted.
  assert.equal(threads(), 0)
  assert.throws(() => new EnginePool(options), failure('INVALID_OPTION'))
  // Threads start in the order of their creation, so a thread of the pool would be online too.
  const last = new Worker('setInterval(() => {}, 1e6)', { eval: true })
  context.after(() => last.terminate())
  await once(last, 'online')
  await waitUntil('the last thread', () => threads() > 0)
  assert.equal(threads(), 1)
  await aggregator.close()
})

test('each engine gets its task, outcomes are in the order of engines, and totals are exact', async (context) => {
  const { aggregator, pool } = newPool(context, {
    engines: [7, 2],
    task: (engine) => ({ rows: engine * 1_000 }),
  })
  const running = pool.run()
  assert.equal(pool.run(), running)
  const result = (engine: number) => ({
    engine,
    state: 'finished',
    result: { engine, incarnation: 1, task: { rows: engine * 1_000 } },
  })
  assert.deepEqual(await running, [result(7), result(2)])
  assert.deepEqual([aggregator.stats(7).rows, aggregator.stats(2).rows], [7_000, 2_000])
})

test('a number of engines means indices from 0, and the file can be a path', async (context) => {
  const filename = fileURLToPath(POOL_ENGINE)
  const { aggregator, pool } = newPool(context, { engines: 3, filename, task: () => ({ rows: 1 }) })
  const outcomes = await pool.run()
  assert.deepEqual(
    outcomes.map(({ engine, state }) => [engine, state]),
    [
      [0, 'finished'],
      [1, 'finished'],
      [2, 'finished'],
    ],
  )
  assert.deepEqual(aggregator.engines, [0, 1, 2])
})

test('a file that is missing, fails to load or lacks the export fails the engine with the reason', async (context) => {
  const cases = [
    [{ filename: '/no/such/engine.js' }, /\/no\/such\/engine\.js/],
    [{ filename: FAILING_FILE }, /this file fails while it loads/],
    [{ name: 'nothing' }, /exported function 'nothing'/],
    [{ name: 'failAtFirst', task: () => 9 }, /\b1 fails/],
    [{ task: () => () => {} }, /could not be cloned/],
    [
      {
        task: () => {
          throw new Error('no task today')
        },
      },
      /no task today/,
    ],
  ] as const
  for (const [options, message] of cases) {
    const { aggregator, pool } = newPool(context, options)
    const [outcome] = await pool.run()
    assert.ok(outcome.state === 'failed')
    assert.equal(outcome.reason, 'error')
    assert.ok(failure('ENGINE_FAILED')(outcome.error))
    assert.match(outcome.error.message, message)
    await waitUntil(`the engine to be down after ${message}`, async () =>
      /^moonmeter_engines_up 0$/m.test(await aggregator.registry.metrics()),
    )
    await pool.stop()
  }
})

test('an engine that fails is restarted after increasing delays, and no row is lost', async (context) => {
  const { aggregator, pool } = newPool(context, {
    name: 'failAtFirst',
    task: () => 3,
    restart: { delayMsMin: 2, delayMsMax: 1_000, restartsMax: 5, random: () => 0.5 },
  })
  const events: unknown[] = []
  const note =
    (name: string) =>
    ({ error: _error, ...rest }: PoolEvents['exit'][0]) =>
      events.push([name, rest])
  pool.on('exit', note('exit'))
  pool.on('restart', (event) => events.push(['restart', event]))
  pool.on('start', (event) => events.push(['start', event]))
  assert.deepEqual(await pool.run(), [{ engine: 0, state: 'finished', result: 4 }])
  const failed = [1, 2, 3].flatMap((incarnation) => [
    ['start', { engine: 0, incarnation }],
    ['exit', { engine: 0, incarnation, reason: 'error' }],
    ['restart', { engine: 0, reason: 'error', delayMs: 1.5 * 2 ** (incarnation - 1) }],
  ])
  assert.deepEqual(events, [...failed, ['start', { engine: 0, incarnation: 4 }]])
  await waitUntil('rows of all incarnations', () => aggregator.stats(0).rows === 4)
})

test('an engine that fails more than restartsMax times in a row is not restarted again', async (context) => {
  for (const [name, reason] of [
    ['exit', 'exit'],
    ['throwElsewhere', 'error'],
  ] as const) {
    const restart = { delayMsMin: 1, delayMsMax: 60_000, restartsMax: 2 }
    const { aggregator, pool } = newPool(context, { name, restart })
    const starts: number[] = []
    pool.on('start', ({ incarnation }) => starts.push(incarnation))
    const [outcome] = await pool.run()
    assert.ok(outcome.state === 'failed')
    assert.equal(outcome.reason, reason)
    assert.deepEqual(starts, [1, 2, 3])
    await waitUntil('rows of all incarnations', () => aggregator.stats(0).rows === 3)
    await pool.stop()
  }
})

test('the failure of one engine does not affect the others', async (context) => {
  const { aggregator, pool } = newPool(context, {
    engines: 2,
    name: 'failAtFirst',
    task: (engine) => engine * 9,
  })
  const [first, second] = await pool.run()
  assert.deepEqual([first.state, second.state], ['finished', 'failed'])
  await waitUntil('both engines’ rows', () => aggregator.stats().rows === 2)
})

test('invalid options are refused', async () => {
  const aggregator = new EngineAggregator()
  const options = { aggregator, filename: POOL_ENGINE, engines: 1 }
  const wrong: readonly (readonly [object, 'INVALID_OPTION' | 'INVALID_ENGINE'])[] = [
    [{ threads: 2 }, 'INVALID_OPTION'],
    [{ engines: 0 }, 'INVALID_OPTION'],
    [{ engines: 1.5 }, 'INVALID_OPTION'],
    [{ engines: [] }, 'INVALID_OPTION'],
    [{ engines: [1, 1] }, 'INVALID_OPTION'],
    [{ engines: Array.from({ length: 4_097 }, (_, index) => index) }, 'INVALID_OPTION'],
    [{ engines: [-1] }, 'INVALID_ENGINE'],
    [{ engines: ['0'] }, 'INVALID_ENGINE'],
    [{ stopTimeoutMs: -1 }, 'INVALID_OPTION'],
    [{ restart: { delayMs: 5 } }, 'INVALID_OPTION'],
    [{ restart: { delayMsMin: 0 } }, 'INVALID_OPTION'],
    [{ filename: undefined }, 'INVALID_OPTION'],
    [{ aggregator: undefined }, 'INVALID_OPTION'],
    [{ name: 5 }, 'INVALID_OPTION'],
    [{ resourceLimits: 5 }, 'INVALID_OPTION'],
    [{ resourceLimits: null }, 'INVALID_OPTION'],
    [{ env: 'text' }, 'INVALID_OPTION'],
    [{ env: '' }, 'INVALID_OPTION'],
    [{ execArgv: 'text' }, 'INVALID_OPTION'],
    [{ execArgv: ['--no-such-flag'] }, 'INVALID_OPTION'],
  ]
  for (const [change, code] of wrong) {
    const make = () => new EnginePool({ ...options, ...change })
    assert.throws(make, failure(code), JSON.stringify(change))
  }
  await aggregator.close()
})
