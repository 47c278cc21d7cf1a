import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { MessageChannel, Worker } from 'node:worker_threads'
import { EngineAggregator } from '../../src/index.js'
import { CapturedIncarnation } from '../support/engines/captured-incarnation.js'
import type { CountingTask } from '../support/engines/counting-engine.js'
import { waitUntil } from '../support/processes/wait-until.js'

const ENGINE_FILE = new URL('../support/engines/counting-engine.js', import.meta.url)
const ROWS = 54_321

/** Whether the aggregator saw the end of all incarnations. */
async function allEnded(aggregator: EngineAggregator): Promise<boolean> {
  return /^moonmeter_engines_up 0$/m.test(await aggregator.registry.metrics())
}

for (const way of ['the worker’s own port', 'another port'] as const) {
  test(`a link that is sent by ${way} is read a last time when the thread ends, and again in the next incarnation`, async (context) => {
    // A long interval, so that only the journals contain the rows.
    const aggregator = new EngineAggregator({ intervalMs: 60_000 })
    context.after(() => aggregator.close())
    for (let life = 1; life <= 2; life++) {
      const link = aggregator.connect(0)
      const counters = new SharedArrayBuffer(16)
      const { port1, port2 } = new MessageChannel()
      const isOther = way === 'another port'
      const workerData: CountingTask = {
        counters,
        busy: life === 1,
        exitAfter: ROWS,
        ...(isOther && { linkPort: port2 }),
      }
      const worker = new Worker(ENGINE_FILE, {
        workerData,
        transferList: isOther ? [port2] : [],
      })
      context.after(() => worker.terminate())
      const exited = once(worker, 'exit')
      const transferList = [...link.transferList]
      if (isOther) port1.postMessage(link, transferList)
      else worker.postMessage(link, transferList)
      assert.deepEqual(await exited, [5])
      port1.close()
      await waitUntil('the end of the incarnation', () => allEnded(aggregator))
      const stats = aggregator.stats(0)
      assert.equal(new Float64Array(counters)[1], ROWS)
      assert.equal(stats.rows, life * ROWS)
      assert.equal(stats.reduce().load_get_total_bytes, life * ((ROWS - 1) / 2) * 4_096)
    }
  })
}

test('a port that closes without a thread ends the incarnation with the rows of its journal', async () => {
  const aggregator = new EngineAggregator({ intervalMs: 60_000 })
  const life = new CapturedIncarnation(aggregator, 0).rows(5_000)
  life.post(life.report())
  life.rows(321)
  life.die()
  await waitUntil('the end of the incarnation', () => allEnded(aggregator))
  // These rows are not counted.
  life.rows(7)
  assert.equal(aggregator.stats(0).rows, 5_321)
  assert.equal(aggregator.stats(0).reduce().load_get_p90_ms, 500)
  await aggregator.close()
  life.dispose()
})
