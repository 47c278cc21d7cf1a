import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { EngineAggregator } from '../../src/index.js'
import { connectRecorder } from '../../src/recorder/index.js'
import { failure } from '../support/assertions/failures.js'
import { waitUntil } from '../support/processes/wait-until.js'

const TASK_FILE = fileURLToPath(new URL('../support/engines/piscina-task.js', import.meta.url))
const RECORDER = new URL('../../src/recorder/index.js', import.meta.url).href

test('twenty tasks on a plain Piscina of two threads are recorded as two engines', async () => {
  const aggregator = new EngineAggregator()
  aggregator.acceptThreads()
  const pool = new Piscina({ filename: TASK_FILE, name: 'task', minThreads: 2, maxThreads: 2 })
  const threads = await Promise.all(Array.from({ length: 20 }, () => pool.run(1_000)))
  assert.equal(new Set(threads).size, 2)
  assert.deepEqual(aggregator.engines, [0, 1])
  assert.equal(aggregator.stats().rows, 20_000)
  assert.equal(aggregator.stats().reduce().load_get_total_keys, 40_000)
  await pool.destroy()
  await waitUntil('the end of both engines', () =>
    aggregator.snapshot().sources.every(({ health }) => !health.up),
  )
  assert.equal(aggregator.stats().rows, 20_000)
  await aggregator.close()
})

test('a thread that follows one that ended continues its engine with the next incarnation', async () => {
  const aggregator = new EngineAggregator()
  aggregator.acceptThreads()
  for (let incarnation = 1; incarnation <= 3; incarnation++) {
    await runThread('recorder.record("op", 1, 1); process.exit()')
    await waitUntil('its end', () => aggregator.snapshot().sources[0]?.health.up === false)
    assert.equal(aggregator.snapshot().sources[0]?.health.incarnation, incarnation)
  }
  assert.deepEqual(aggregator.engines, [0])
  assert.equal(aggregator.stats(0).rows, 3)
  await runThread('recorder.record("op", 1, 1); recorder.close()', '{ engine: 7 }')
  assert.deepEqual(aggregator.engines, [0, 7])
  await aggregator.close()
})

test('no link is created for a thread that sends no request', async () => {
  const aggregator = new EngineAggregator()
  aggregator.acceptThreads()
  const pool = new Piscina({ filename: TASK_FILE, name: 'task', minThreads: 2, maxThreads: 2 })
  assert.deepEqual(aggregator.engines, [])
  await pool.destroy()
  await aggregator.close()
})

test('a request to a thread that does not accept threads fails with the remedy', async () => {
  const error = failure('INVALID_LINK')
  await assert.rejects(connectRecorder({ threadId: 12_345 }), error)
  const message = await runThread('', '', 'connectRecorder().catch(({ message }) => message)')
  assert.match(message, /call aggregator\.acceptThreads\(\) there before the threads start$/)
  const full = new EngineAggregator({ enginesMax: 1 })
  full.acceptThreads()
  const refusal = await runThread(
    '',
    '',
    'connectRecorder({ engine: 1 }).then(() => connectRecorder({ engine: 2 })).catch(({ message }) => message)',
  )
  assert.match(refusal, /at most 1 engines/)
  await full.close()
})

/** Run a thread with a connected recorder to its end; returns what it posted. */
async function runThread(body: string, options = '', posted = ''): Promise<string> {
  const source = posted
    ? `const { parentPort } = await import('node:worker_threads')
       const { connectRecorder } = await import('${RECORDER}')
       parentPort.postMessage(await ${posted})`
    : `const { connectRecorder } = await import('${RECORDER}')
       const recorder = await connectRecorder(${options})
       ${body}`
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
  const worker = new Worker(url)
  let message = ''
  worker.on('message', (text) => {
    message = String(text)
  })
  await new Promise((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', resolve)
  })
  return message
}
