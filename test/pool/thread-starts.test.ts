import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { type TestContext, test } from 'node:test'
import type * as Threads from 'node:worker_threads'
import { newPool } from '../support/engines/pools.js'

/** As Piscina has it, which reads the class at each start of a thread. */
const threads: { Worker: typeof Threads.Worker } = createRequire(import.meta.url)(
  'node:worker_threads',
)
const { Worker: Original } = threads
const NO_THREAD = 'Worker initialization failure'

/** How a thread fails to start: Node throws, or the thread ends before it is ready. */
const FAILURES = {
  'that Node cannot make': () => {
    throw new Error(NO_THREAD)
  },
  'that has no file descriptors': () => {
    return new Original(`throw new Error('${NO_THREAD}')`, { eval: true })
  },
}

/** Makes the next threads fail to start. */
function failStarts(context: TestContext, count: number, fail: () => Threads.Worker): void {
  let left = count
  threads.Worker = new Proxy(Original, {
    construct: (target, args) => (left-- > 0 ? fail() : Reflect.construct(target, args)),
  })
  context.after(() => {
    threads.Worker = Original
  })
}

for (const [what, fail] of Object.entries(FAILURES)) {
  test(`engines are restarted until they get a thread: after one ${what}`, async (context) => {
    const { aggregator, pool } = newPool(context, {
      name: 'exitAtFirst',
      engines: 2,
      stopTimeoutMs: 10_000,
      restart: { delayMsMin: 1, delayMsMax: 20, restartsMax: 20 },
    })
    const errors: string[] = []
    pool.on('exit', ({ error }) => errors.push(error.message))
    let starts = 0
    pool.on('start', () => {
      // Both have a thread by now, and end it.
      if (++starts === 2) failStarts(context, 3, fail)
    })
    const outcomes = await pool.run()
    assert.deepEqual(
      outcomes.map(({ state }) => state),
      ['finished', 'finished'],
    )
    assert.ok(errors.some((message) => message.includes(NO_THREAD)))
    assert.equal(aggregator.stats().rows, 4)
  })
}

test('an engine that gets no thread fails once its restarts are used up', async (context) => {
  const { pool } = newPool(context, {
    name: 'exitAtFirst',
    restart: { delayMsMin: 1, restartsMax: 2 },
  })
  pool.once('start', () =>
    failStarts(context, Number.POSITIVE_INFINITY, FAILURES['that Node cannot make']),
  )
  const [outcome] = await pool.run()
  assert.ok(outcome.state === 'failed')
  assert.match(outcome.error.message, new RegExp(NO_THREAD))
})
