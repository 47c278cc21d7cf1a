import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { EnginePool, PoolEvents } from '../../src/index.js'
import { newPool } from '../support/engines/pools.js'
import { waitUntil } from '../support/processes/wait-until.js'

const RESTART = { delayMsMin: 1, delayMsMax: 2, restartsMax: 5 }
const EVENTS = ['start', 'exit', 'restart'] as const
const LISTENERS = {
  throws: () => {
    throw new Error('a listener fails')
  },
  rejects: async () => {
    throw new Error('a listener fails later')
  },
  'throws null': () => {
    throw null
  },
} as const

/** The warnings of the process until the end of the test. */
function warningsOf(context: TestContext): Error[] {
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  context.after(() => process.off('warning', note))
  return warnings
}

/** The number of calls of the listeners of each event, counted after the others. */
function countEvents(pool: EnginePool): Record<keyof PoolEvents, number> {
  const counts = { start: 0, exit: 0, restart: 0, threadError: 0 }
  for (const name of Object.keys(counts) as (keyof PoolEvents)[]) {
    pool.on(name, () => counts[name]++)
  }
  return counts
}

test('failing listeners cause one warning of the process for each event', async (context) => {
  // Must be the first test of its file: a later failure of the same listener causes none.
  const warnings = warningsOf(context)
  const { pool } = newPool(context, { name: 'failAtFirst', task: () => 3, restart: RESTART })
  for (const name of EVENTS) {
    for (const listener of Object.values(LISTENERS)) pool.on(name, listener)
  }
  await pool.run()
  await waitUntil('the warnings', () => warnings.length >= EVENTS.length)
  const texts = warnings.map(({ name, message }) => `${name}: ${message}`)
  const expected = EVENTS.map((event) => `listener of '${event}' threw: a listener fails`)
  assert.deepEqual(
    texts,
    expected.map((text) => `MoonmeterWarning: ${text}`),
  )
})

for (const [how, listener] of Object.entries(LISTENERS)) {
  test(`an engine is restarted and stopped although each listener ${how}`, async (context) => {
    const { aggregator, pool } = newPool(context, {
      name: 'failAtFirst',
      task: () => 3,
      restart: RESTART,
    })
    for (const name of EVENTS) pool.on(name, listener).once(name, listener)
    const counts = countEvents(pool)
    assert.deepEqual(await pool.run(), [{ engine: 0, state: 'finished', result: 4 }])
    assert.deepEqual(counts, { start: 4, exit: 3, restart: 3, threadError: 0 })
    // A lost incarnation would stay up.
    await waitUntil('the end of all incarnations', async () =>
      /^moonmeter_engines_up 0$/m.test(await aggregator.registry.metrics()),
    )
    assert.equal(aggregator.stats(0).rows, 4)
    for (const name of EVENTS) assert.equal(pool.listenerCount(name), 2, 'once is called once')
  })
}

test('a thread that fails after its engine returned is reported with an error, also if it threw null', async (context) => {
  const failing = new Int32Array(new SharedArrayBuffer(4))
  const { pool } = newPool(context, { name: 'returnAndThrowNull', task: () => failing })
  const errors: unknown[] = []
  pool.on('threadError', LISTENERS.throws).on('threadError', (error) => errors.push(error))
  const [outcome] = await pool.run()
  assert.equal(outcome.state, 'finished')
  Atomics.store(failing, 0, 1)
  await waitUntil('the error', () => errors.length > 0)
  const [error] = errors
  assert.ok(error instanceof Error)
  assert.equal(error.message, 'null')
})
