import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineAggregator } from '../../src/index.js'
import { newPool } from '../support/engines/pools.js'
import { waitUntil } from '../support/processes/wait-until.js'

const filename = new URL('../support/engines/restart-engine.js', import.meta.url)
const TIMEOUT = { timeout: 150_000 }
const restart = { delayMsMin: 1, delayMsMax: 5, restartsMax: 5 }
/** Longer than a thread takes to start on a busy machine. */
const STOP_MS = 100_000

/** Waits until this process has no worker threads. */
function noThreads(): Promise<unknown> {
  const threads = () => (process.report.getReport() as { workers: unknown[] }).workers.length
  return waitUntil('no thread of the pool', () => threads() === 0)
}

test(
  'stop from the listener of a restart stops the next incarnation, or prevents it',
  TIMEOUT,
  async (context) => {
    const name = 'failAtFirst'
    const { pool } = newPool(context, { filename, name, restart, stopTimeoutMs: STOP_MS })
    const startMs = performance.now()
    const stopped = new Promise((resolve) => {
      pool.once('restart', () => resolve(pool.stop()))
    })
    void pool.run()
    await stopped
    const tookMs = performance.now() - startMs
    assert.ok(
      tookMs < STOP_MS,
      `${tookMs.toFixed(0)} ms: the incarnation that began was never asked to stop`,
    )
    await noThreads()
  },
)

test(
  'an engine that the aggregator rejects fails, and the others run until they are stopped',
  TIMEOUT,
  async (context) => {
    const aggregator = new EngineAggregator({ enginesMax: 1 })
    const { pool } = newPool(context, {
      aggregator,
      filename,
      name: 'failAtFirst',
      engines: 2,
      restart,
    })
    const restarted = new Promise((resolve) => pool.once('restart', resolve))
    const running = pool.run()
    await restarted
    await pool.stop()
    const [, refused] = await running
    assert.ok(refused?.state === 'failed')
    assert.match(refused.error.message, /expected at most 1 engines/)
    await noThreads()
    await aggregator.close()
  },
)
