import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { SELF_METRICS, STORE_METRICS } from '../../src/catalogue.js'
import { EngineAggregator } from '../../src/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { MIB, memoryInUse, mib } from '../support/assertions/memory.js'
import type { CountingTask } from '../support/engines/counting-engine.js'
import type { UnreadWatch } from '../support/engines/unread-watch.js'
import { waitUntil } from '../support/processes/wait-until.js'

const ENGINES = 16
const BLOCKED_MS = 1e3 * Number(process.env.MOONMETER_BLOCKED_SECONDS ?? 1)
/** Short, so that without a limit each engine that yields would post thousands of reports. */
const INTERVAL_MS = 1
const SETTLE_MS = 1_000
const UNREAD_MAX = 2
/**
 * Limits on `heap` of this thread, and on `rss` of the process, which includes the heaps of 17
 * threads.
 */
const HEAP_GROWTH_MAX = 2 * MIB
const RSS_GROWTH_MAX = 32 * MIB
const ENGINE_FILE = new URL('../support/engines/counting-engine.js', import.meta.url)
const WATCH_FILE = new URL('../support/engines/unread-watch.js', import.meta.url)

test(`after the main thread was blocked for ${BLOCKED_MS / 1e3} s beside ${ENGINES} busy engines, memory is as before and totals are exact`, {
  timeout: 60_000 + 2 * BLOCKED_MS,
}, async (context) => {
  const aggregator = new EngineAggregator({ intervalMs: INTERVAL_MS })
  context.after(() => aggregator.close())
  const links = Array.from({ length: ENGINES }, (_, index) => aggregator.connect(index))
  const counters = links.map(() => new SharedArrayBuffer(16))
  const done = (index: number) => new Float64Array(counters[index])[1]
  const workers = links.map((link, index) => {
    // Half of the engines never yield; without a limit, the timers of the others would post
    // continuously.
    const workerData: CountingTask = { link, counters: counters[index], busy: index % 2 === 0 }
    return new Worker(ENGINE_FILE, { workerData, transferList: [...link.transferList] })
  })
  const most = new SharedArrayBuffer(4 * (ENGINES + 1))
  const journals = links.map(({ journal }) => journal)
  const watch = new Worker(WATCH_FILE, { workerData: { journals, most } satisfies UnreadWatch })
  context.after(() => Promise.all([...workers, watch].map((worker) => worker.terminate())))
  const looks = () => new Int32Array(most)[ENGINES]
  await waitUntil('rows of all', () => links.every((_, index) => done(index) > 0))
  await waitUntil('the watch', () => looks() > 0)
  await sleep(SETTLE_MS)

  const before = await memoryInUse()
  const doneBefore = links.map((_, index) => done(index))
  const looksBefore = looks()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED_MS)
  const looksBlocked = looks() - looksBefore
  const rowsBlocked = links.map((_, index) => done(index) - doneBefore[index])
  const after = await memoryInUse()
  const unread = Math.max(...new Int32Array(most).subarray(0, ENGINES))
  const ended = workers.map((worker) => once(worker, 'exit'))
  for (const index of links.keys()) aggregator.requestStop(index)
  await Promise.all(ended)
  await waitUntil('the last reports', async () =>
    /^moonmeter_engines_up 0$/m.test(await aggregator.registry.metrics()),
  )

  const samples = parseExposition(await aggregator.registry.metrics())
  const shown = (name: string, index: number) =>
    samples
      .filter((sample) => sample.name === name && sample.labels.engine === String(index))
      .reduce((sum, { value }) => sum + value, 0)
  const rows = links.reduce((sum, _, index) => sum + done(index), 0)
  console.log(
    `main thread blocked for ${BLOCKED_MS / 1e3} s beside ${ENGINES} engines: ` +
      `${rowsBlocked.reduce((sum, more) => sum + more, 0)} rows meanwhile; at most ${unread} ` +
      `reports unread in ${looksBlocked} looks; heap ${mib(before.heap)} before, ` +
      `${mib(after.heap)} after; rss ${mib(before.rss)} before, ${mib(after.rss)} after; ` +
      `${rows} rows in all`,
  )
  assert.ok(rowsBlocked.every((more) => more > 0))
  // The watch is one of 17 threads, of which 16 never wait.
  assert.ok(looksBlocked > BLOCKED_MS / 100)
  assert.equal(unread, UNREAD_MAX)
  assert.ok(after.heap - before.heap < HEAP_GROWTH_MAX)
  assert.ok(after.rss - before.rss < RSS_GROWTH_MAX)
  for (const index of links.keys()) {
    assert.equal(aggregator.stats(index).rows, done(index))
    assert.equal(shown(STORE_METRICS.operations.name, index), done(index))
    assert.equal(shown(STORE_METRICS.keys.name, index), 3 * done(index))
    assert.equal(shown(SELF_METRICS.records.name, index), done(index))
  }
})
