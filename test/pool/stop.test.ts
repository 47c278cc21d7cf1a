import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { newPool } from '../support/engines/pools.js'
import { waitUntil } from '../support/processes/wait-until.js'

test('engines that wait for their signal, or poll stopRequested, stop on request', async (context) => {
  for (const [name, result] of [
    ['untilStopped', (engine: number) => `stopped ${engine}`],
    ['busyUntilStopped', () => 'stopped'],
  ] as const) {
    const { aggregator, pool } = newPool(context, { name, engines: 2, stopTimeoutMs: 10_000 })
    const running = pool.run()
    await waitUntil(
      'rows of both',
      () => aggregator.stats(0).rows > 0 && aggregator.stats(1).rows > 0,
    )
    const stopped = await pool.stop()
    assert.deepEqual(
      stopped,
      [0, 1].map((engine) => ({ engine, state: 'finished', result: result(engine) })),
    )
    assert.equal(await running, stopped)
  }
})

test('an engine in an endless loop is terminated after the time-out, and its rows are kept', async (context) => {
  const { aggregator, pool } = newPool(context, {
    name: 'endless',
    stopTimeoutMs: 50,
    restart: { restartsMax: 5 },
  })
  void pool.run()
  await waitUntil('rows', () => aggregator.stats(0).rows > 100)
  const [outcome] = await pool.stop()
  assert.ok(outcome.state === 'failed')
  assert.equal(outcome.reason, 'aborted')
  await waitUntil('the end of the engine', async () =>
    /^moonmeter_engines_up 0$/m.test(await aggregator.registry.metrics()),
  )
  const { load_get_count: count, load_get_total_keys: keys } = aggregator.stats(0).reduce()
  assert.ok(count > 100)
  assert.equal(keys, count)
})

test('stop cancels a pending restart and does not wait for it', async (context) => {
  const { pool } = newPool(context, {
    name: 'failAtFirst',
    task: () => 9,
    restart: { delayMsMin: 60_000, delayMsMax: 60_000 },
  })
  const starts: number[] = []
  pool.on('start', ({ incarnation }) => starts.push(incarnation))
  const failed = once(pool, 'exit')
  void pool.run()
  await failed
  const [outcome] = await pool.stop()
  assert.equal(outcome.engine, 0)
  assert.deepEqual(starts, [1])
})

test('a pool can be stopped twice, and before it runs', async (context) => {
  const { pool } = newPool(context, { name: 'untilStopped' })
  assert.deepEqual(await pool.stop(), [])
  assert.deepEqual(await pool.stop(), [])
})
