import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { EngineAggregator } from '../../src/index.js'
import type { ChaosTask } from '../support/engines/chaos-engine.js'
import { waitUntil } from '../support/processes/wait-until.js'

const ENGINE_FILE = new URL('../support/engines/chaos-engine.js', import.meta.url)
const LIVES = Number(process.env.MOONMETER_DISCONNECTS ?? 12)
const KEYS_PER_ROW = 3

test('an engine that records at full speed while it is disconnected is counted once', async (context) => {
  const aggregator = new EngineAggregator({ intervalMs: 10 })
  const counters = new Float64Array(new SharedArrayBuffer(16))
  let off = 0
  for (let life = 0; life < LIVES; life++) {
    counters.fill(0)
    const link = aggregator.connect(life)
    const task: ChaosTask = {
      link,
      ending: 'loop',
      endAfterMs: 60_000,
      counters: counters.buffer as SharedArrayBuffer,
      busy: true,
    }
    const worker = new Worker(ENGINE_FILE, { workerData: task, transferList: link.transferList })
    context.after(() => worker.terminate())
    await waitUntil('rows', () => counters[1] > 20_000)
    await sleep(Math.random() * 5)
    const doneBefore = counters[1]
    aggregator.disconnect(life)
    const begunAfter = counters[0]
    await worker.terminate()
    const total = aggregator.stats(life).total().total()
    const { rows } = total
    const { numKeys } = total.counts
    assert.ok(rows >= doneBefore && rows <= begunAfter, `${doneBefore} ${rows} ${begunAfter}`)
    // Counts are read one after the other, while rows are recorded.
    off = Math.max(off, Math.abs(numKeys - KEYS_PER_ROW * rows) / KEYS_PER_ROW)
  }
  console.log(
    `${LIVES} engines disconnected at full speed; keys and rows at most ${off} rows apart`,
  )
  assert.ok(off < 256)
  await aggregator.close()
})
