import assert from 'node:assert/strict'
import { fstatSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { EngineAggregator, type RejectionReason } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { MIB, memoryInUse, mib } from '../support/assertions/memory.js'
import { reportBytes } from '../support/generators/reports.js'
import { waitUntil } from '../support/processes/wait-until.js'

/** Longer than any test. */
const NEVER_MS = 2 ** 30
/** Without a limit on what is taken per turn there was no scrape in 40 s. */
const SCRAPE_MS_MAX = 10_000

const HOSTILE_MESSAGES: readonly unknown[] = [
  { constructor: { name: { toString: null, valueOf: null } } },
  { toString: null, valueOf: null },
  { [Symbol.toPrimitive]: 1, length: 5, buffer: {} },
  Object.assign([], { length: 4_000_000 }),
  new Map([[{}, new Error('x')]]),
  10n,
  Number.NaN,
  null,
  undefined,
  new Date(Number.NaN),
  /x/g,
  new SharedArrayBuffer(8),
  new DataView(new ArrayBuffer(8)),
  new Uint8Array(new SharedArrayBuffer(0)),
]

function rejectionsOf(aggregator: EngineAggregator): Partial<Record<RejectionReason, number>> {
  const counts = Object.entries(aggregator.snapshot().rejections)
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}

test('no message on a port ends the process, and each is counted as rejected', async (context) => {
  const aggregator = new EngineAggregator()
  context.after(() => aggregator.close())
  const link = aggregator.connect(0)
  for (const message of HOSTILE_MESSAGES) {
    link.port.postMessage(message)
    await turn()
    await turn()
  }
  await waitUntil('all messages', () => {
    const counts = Object.values(rejectionsOf(aggregator))
    return counts.reduce((sum, count) => sum + count, 0) === HOSTILE_MESSAGES.length
  })
  // The engine is still connected, and its reports are accepted.
  const recorder = createRecorder(link)
  recorder.record('op', 1, 1)
  recorder.report()
  await waitUntil('a report', () => aggregator.snapshot().sources[0]?.health.reports === 1)
  recorder.close()
})

test('a file handle in a message is closed, since an open one ends Node 26 when it is collected', async (context) => {
  const aggregator = new EngineAggregator()
  context.after(() => aggregator.close())
  const { port } = aggregator.connect(0)
  const isOpen = (fd: number) => {
    try {
      fstatSync(fd)
      return true
    } catch {
      return false
    }
  }
  for (const wrap of [
    (handle: FileHandle) => handle,
    (handle: FileHandle) => ({ in: [{ handle }] }),
  ]) {
    const handle = await open(new URL(import.meta.url))
    const { fd } = handle
    assert.ok(isOpen(fd))
    port.postMessage(wrap(handle), [handle])
    await waitUntil('the file is closed', () => !isOpen(fd))
  }
  assert.equal(rejectionsOf(aggregator).type, 2)
})

/** Messages that a thread posts in a loop. Node takes milliseconds to deserialize the map. */
const FLOODS: Readonly<Record<string, () => unknown>> = {
  junk: () => 'junk',
  'large maps': () => new Map(Array.from({ length: 5_000 }, (_, key) => [key, `${key}`])),
  'valid reports': reportBytes,
}

for (const [content, makeMessage] of Object.entries(FLOODS)) {
  test(`a thread that posts ${content} endlessly is disconnected, and others are served meanwhile`, async (context) => {
    const aggregator = new EngineAggregator({ intervalMs: 1_000, silentAfterMs: 60_000 })
    context.after(() => aggregator.close())
    const good = createRecorder(aggregator.connect(1))
    const link = aggregator.connect(0)
    const source = `const { link, message } = require('node:worker_threads').workerData
      for (;;) link.port.postMessage(message)`
    const workerData = { link, message: makeMessage() }
    const options = { eval: true, workerData, transferList: [...link.transferList] }
    const worker = new Worker(source, options)
    context.after(() => worker.terminate())
    const before = process.memoryUsage().rss
    await waitUntil('the end of the connection', () => rejectionsOf(aggregator).flood === 1)
    for (let scrape = 1; scrape <= 10; scrape++) {
      good.record('op', 1, 1)
      good.report()
      await turn()
      const startMs = performance.now()
      const text = await aggregator.registry.metrics()
      assert.ok(performance.now() - startMs < SCRAPE_MS_MAX)
      assert.match(text, /^moonmeter_payloads_rejected_total\{reason="flood"\} 1$/m)
    }
    await waitUntil('the rows of the other engine', () => aggregator.stats(1).rows === 10)
    const up = aggregator.snapshot().sources.map(({ health }) => health.up)
    assert.deepEqual(up, [false, true])
    assert.ok(process.memoryUsage().rss - before < 200 * 2 ** 20)
    good.close()
  })
}

test('a recorder that makes reports in a loop is not disconnected, and other events are handled', async (context) => {
  const aggregator = new EngineAggregator({ intervalMs: 1 })
  context.after(() => aggregator.close())
  const link = aggregator.connect(0)
  const recorderFile = new URL('../../src/recorder/index.js', import.meta.url).href
  const source = `const { workerData } = require('node:worker_threads')
    import('${recorderFile}').then(({ createRecorder }) => {
      const recorder = createRecorder(workerData)
      for (;;) { recorder.record('op', 1, 1); recorder.report() }
    })`
  const transferList = [...link.transferList]
  const worker = new Worker(source, { eval: true, workerData: link, transferList })
  context.after(() => worker.terminate())
  await waitUntil('a hundred reports', () => {
    return (aggregator.snapshot().sources[0]?.health.reports ?? 0) > 100
  })
  assert.deepEqual(rejectionsOf(aggregator), {})
})

test('large messages that are not bytes are not kept in memory while they wait, and all are rejected', async (context) => {
  const aggregator = new EngineAggregator()
  context.after(() => aggregator.close())
  const { port } = aggregator.connect(0)
  const large = { text: 'x'.repeat(2 ** 18) }
  const before = (await memoryInUse()).heap
  for (let message = 0; message < 1_000; message++) {
    port.postMessage(large)
    // Received in the next turn, which handles fewer than these.
    if (message % 20 === 19) await turn()
  }
  const held = (await memoryInUse()).heap - before
  assert.ok((rejectionsOf(aggregator).type ?? 0) < 1_000, 'messages wait')
  assert.ok(held < 20 * MIB, mib(held))
  await waitUntil('all rejections', () => rejectionsOf(aggregator).type === 1_000)
})

test('waiting messages are handled without other events', async (context) => {
  const messages = 1_000
  let rejected = 0
  await new Promise<void>((resolve) => {
    const aggregator = new EngineAggregator({
      intervalMs: 60_000,
      onRejected: () => {
        if (++rejected === messages) resolve()
      },
    })
    // It keeps the process alive, and its event loop has no other work until the last rejection.
    const timer = setInterval(() => {}, NEVER_MS)
    context.after(() => {
      clearInterval(timer)
      return aggregator.close()
    })
    const { port } = aggregator.connect(0)
    for (let message = 0; message < messages; message++) port.postMessage(message)
  })
})
