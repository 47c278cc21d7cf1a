import assert from 'node:assert/strict'
import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { newPool } from '../support/engines/pools.js'
import { Child } from '../support/processes/child.js'
import { temporaryDirectory } from '../support/processes/command.js'
import { isOnPath } from '../support/processes/on-path.js'
import { waitUntil } from '../support/processes/wait-until.js'

/** In which an engine that is asked to stop does so, also on a busy machine. */
const STOP_MS = 1_000
const TERMINATE_MS = 150
/** What timers and a loaded machine may add to the sum of both. */
const LATE_MS_MAX = 60_000
const SKIP = isOnPath('mkfifo') ? false : 'no named pipes: mkfifo is absent'
const OPTIONS = { stopTimeoutMs: STOP_MS, terminateTimeoutMs: TERMINATE_MS }

/** A named pipe without a writer, and a function that ends the calls which wait for one. */
async function makePipe(context: TestContext) {
  let path = ''
  const release = () => closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK))
  // A test that fails would hang. It is refused where nothing waits for a writer.
  context.after(() => {
    try {
      release()
    } catch {}
  })
  path = join(temporaryDirectory(context), 'pipe')
  assert.equal((await new Child(context, 'mkfifo', [path]).end()).code, 0)
  return { path, release }
}

async function timeOf(run: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await run()
  return performance.now() - startMs
}

test('an engine whose thread cannot be ended is lost: stop resolves, and its rows count', {
  skip: SKIP,
}, async (context) => {
  const { path, release } = await makePipe(context)
  const { aggregator, pool } = newPool(context, {
    ...OPTIONS,
    name: 'blockOnPipe',
    engines: 2,
    task: () => path,
    restart: { restartsMax: 5 },
  })
  const exits: string[] = []
  pool.on('exit', ({ engine, reason }) => exits.push(`${engine} ${reason}`))
  const running = pool.run()
  await waitUntil('a row of both', () => aggregator.stats().rows === 2)
  const tookMs = await timeOf(() => pool.stop())
  assert.ok(tookMs < STOP_MS + TERMINATE_MS + LATE_MS_MAX, `${tookMs} ms`)
  const [lost, finished] = await running
  assert.ok(lost?.state === 'failed' && finished?.state === 'finished')
  assert.equal(lost.reason, 'lost')
  assert.deepEqual(exits, ['0 lost'])
  assert.match(await aggregator.registry.metrics(), /^moonmeter_engines_up 0$/m)
  assert.equal(aggregator.stats(0).rows, 1)
  release()
})

test('an idle thread that cannot be ended is told of, and stop resolves', {
  skip: SKIP,
}, async (context) => {
  const { path, release } = await makePipe(context)
  const blocked = new Int32Array(new SharedArrayBuffer(4))
  const task = () => ({ path, blocked })
  const { pool } = newPool(context, { ...OPTIONS, name: 'returnAndBlockOnPipe', task })
  const errors: string[] = []
  pool.on('threadError', ({ message }) => errors.push(message))
  const [outcome] = await pool.run()
  assert.equal(outcome.state, 'finished')
  await waitUntil('the thread', () => Atomics.load(blocked, 0) === 1)
  // The system call follows the store.
  await sleep(STOP_MS)
  const tookMs = await timeOf(() => pool.stop())
  assert.ok(tookMs < TERMINATE_MS + LATE_MS_MAX, `${tookMs} ms`)
  assert.equal(errors.length, 1)
  assert.match(errors[0] ?? '', /expected all threads to end within 150 ms/)
  release()
})

test('engines whose threads are terminated before they begin are aborted, not lost', async (context) => {
  const terminateTimeoutMs = 20_000
  const { pool } = newPool(context, {
    name: 'endless',
    engines: 3,
    threads: 2,
    stopTimeoutMs: 0,
    terminateTimeoutMs,
  })
  const running = pool.run()
  const tookMs = await timeOf(() => pool.stop())
  assert.ok(tookMs < terminateTimeoutMs / 2, `${tookMs} ms`)
  for (const outcome of await running) {
    assert.ok(outcome.state === 'failed')
    assert.equal(outcome.reason, 'aborted')
  }
})
