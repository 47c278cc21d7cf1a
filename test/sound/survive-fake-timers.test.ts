import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { EngineAggregator, metricsHandler } from '../../src/index.js'
import { SERIES } from '../../src/journal/journal-layout.js'
import { createRecorder } from '../../src/recorder/index.js'
import { journalOf } from '../support/assertions/journals.js'
import { type Answer, ask } from '../support/processes/ask.js'
import { waitUntil } from '../support/processes/wait-until.js'

/** More often than any code here reads a clock that it does not wait for. */
const READS_MAX = 10_000

/**
 * Stops `performance.now`, as fake timers do. Code that waits for it gets an error, since the test
 * would not end otherwise.
 */
function stopClock({ mock }: TestContext): void {
  let reads = 0
  mock.method(performance, 'now', () => {
    if (++reads > READS_MAX) throw new Error('expected no code to wait for performance.now')
    return 0
  })
}

test('no read waits for a performance.now that stands still', async (context) => {
  let nowMs = 0
  const aggregator = new EngineAggregator({ monotonicNow: () => nowMs })
  context.after(() => aggregator.close())
  const recorder = createRecorder(aggregator.connect(0))
  stopClock(context)
  recorder.record('op', 0.5, 1)
  assert.equal(aggregator.snapshot().sources[0].health.rows, 1)
  recorder.record('op', 0.5, 1)
  assert.equal(aggregator.stats(0).rows, 2)
  recorder.record('op', 0.5, 1)
  // Past the interval, so that the scrape reads the journal.
  nowMs = 1_000_000
  assert.match(await aggregator.registry.metrics(), /^moonmeter_engine_records_total.* 3$/m)
})

test('an engine that is held in a row is disconnected while performance.now stands still', async (context) => {
  const aggregator = new EngineAggregator()
  context.after(() => aggregator.close())
  const link = aggregator.connect(0)
  const recorder = createRecorder(link)
  for (let row = 0; row < 256; row++) recorder.record('op', 0.5, 1)
  journalOf(link).blockOf(0).floats[SERIES.rowsBegun]++
  stopClock(context)
  aggregator.disconnect(0)
  assert.equal(aggregator.snapshot().sources[0].health.rows, 256)
  assert.equal(recorder.closed, true)
})

test('scrapes are answered and reports are taken while timers are fake', async (context) => {
  const aggregator = new EngineAggregator({ intervalMs: 60_000 })
  const server = createServer(metricsHandler(aggregator)).listen(0, '127.0.0.1')
  context.after(() => {
    server.close()
    server.closeAllConnections()
    return aggregator.close()
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const recorder = createRecorder(aggregator.connect(0))
  context.mock.timers.enable()
  let answer: Answer | undefined
  void ask(`http://127.0.0.1:${port}/metrics`).then((whole) => {
    answer = whole
  })
  const { status, body } = await waitUntil('an answer', () => answer)
  assert.equal(status, 200)
  assert.match(body.toString(), /^moonmeter_engines_up 1$/m)
  // More than may wait unacknowledged, two of them in one turn of the event loop.
  for (let reports = 2; reports <= 8; reports += 2) {
    for (const seconds of [0.5, 1]) {
      recorder.record('op', seconds, 1)
      recorder.report()
    }
    const health = () => aggregator.snapshot().sources[0].health
    await waitUntil(`${reports} reports`, () => health().reports === reports)
  }
  recorder.close()
})
