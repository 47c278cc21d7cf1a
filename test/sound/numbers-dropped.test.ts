import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { failure } from '../support/assertions/failures.js'
import { Child } from '../support/processes/child.js'
import { waitUntil } from '../support/processes/wait-until.js'

const RECORDER = new URL('../../src/recorder/index.js', import.meta.url).href

for (const way of ['disconnect', 'close'] as const) {
  test(`rows after the aggregator's ${way} are dropped and counted without an error`, async () => {
    const aggregator = new EngineAggregator({ intervalMs: 5 })
    const recorder = createRecorder(aggregator.connect(0))
    const operation = recorder.operation('op')
    operation.record(1, 1)
    assert.deepEqual([recorder.closed, recorder.dropped], [false, 0])
    if (way === 'close') await aggregator.close()
    else aggregator.disconnect(0)
    for (let row = 0; row < 700; row++) operation.record(1, 1)
    recorder.record('another', 1, 1, { status: 'error' })
    assert.deepEqual([recorder.closed, recorder.dropped], [true, 701])
    for (let row = 0; row < 700; row++) operation.record(1, 1)
    recorder.record('another', 1, 1, { numFailedKeys: 1 })
    assert.throws(() => operation.record(-1, 1), failure('INVALID_ROW'))
    assert.equal(recorder.dropped, 1_402)
    assert.equal(aggregator.stats(0).rows, 1)
    recorder.report()
    recorder.close()
    assert.throws(() => operation.record(1, 1), failure('CLOSED'))
    assert.deepEqual([recorder.closed, recorder.dropped], [true, 1_402])
    await aggregator.close()
  })
}

test('a recorder detects that its port closed, also in a loop that never yields', async (context) => {
  const aggregator = new EngineAggregator({ intervalMs: 5 })
  context.after(() => aggregator.close())
  for (const yields of [true, false]) {
    const link = aggregator.connect(0)
    const source = `
      const { parentPort, workerData } = require('node:worker_threads')
      import('${RECORDER}').then(async ({ createRecorder }) => {
        const recorder = createRecorder(workerData)
        let rows = 0
        while (!recorder.closed) {
          for (let row = 0; row < 100; row++, rows++) recorder.record('op', 1, 1)
          if (${yields}) await new Promise(setImmediate)
        }
        for (let row = 0; row < 100; row++, rows++) recorder.record('op', 1, 1)
        parentPort.postMessage({ rows, dropped: recorder.dropped })
      })`
    const transferList = [...link.transferList]
    const worker = new Worker(source, { eval: true, workerData: link, transferList })
    context.after(() => worker.terminate())
    const before = aggregator.stats(0).rows
    const told = once(worker, 'message')
    const exited = once(worker, 'exit')
    await waitUntil('rows', () => aggregator.stats(0).rows > before + 1_000)
    aggregator.disconnect(0)
    const [{ rows, dropped }] = await told
    assert.equal(aggregator.stats(0).rows - before + dropped, rows)
    assert.ok(dropped >= 100)
    // Neither a timer nor a port keeps the thread alive.
    assert.deepEqual(await exited, [0])
  }
})

test('a recorder without its aggregator releases its journal and its timer', async (context) => {
  const index = new URL('../../src/index.js', import.meta.url).href
  const script = `
    const { EngineAggregator } = await import('${index}')
    const { createRecorder } = await import('${RECORDER}')
    const recorders = []
    const gone = []
    async function lose(engine) {
      const aggregator = new EngineAggregator({ intervalMs: 5 })
      const link = aggregator.connect(engine)
      gone.push(new WeakRef(link.journal))
      const recorder = createRecorder(link)
      recorder.record('op', 1, 1)
      recorders.push(recorder)
      await aggregator.close()
    }
    for (let engine = 0; engine < 50; engine++) await lose(engine)
    for (let wait = 0; wait < 20; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      gc()
    }
    for (const recorder of recorders) recorder.record('op', 1, 1)
    console.log(JSON.stringify({
      journals: gone.filter((memory) => memory.deref() !== undefined).length,
      timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
      dropped: recorders.map(({ dropped }) => dropped).filter((rows) => rows !== 1).length,
    }))`
  const args = ['--expose-gc', '--input-type=module', '-e', script]
  const { stdout, stderr } = await new Child(context, process.execPath, args).end()
  assert.equal(stderr, '')
  assert.deepEqual(JSON.parse(stdout), { journals: 0, timers: 0, dropped: 0 })
})
