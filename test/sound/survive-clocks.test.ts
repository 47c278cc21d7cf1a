import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'

/** What clocks of users show; the first moments are right. */
const CLOCKS: Readonly<Record<string, () => unknown>> = {
  'a BigInt, as process.hrtime.bigint': () => 10n,
  'what is no number': () => ({ toString: null, valueOf: null }),
  'infinite time': () => Number.POSITIVE_INFINITY,
  'nothing, and throws': () => {
    throw new Error('no clock')
  },
  'a promise that is rejected': () => Promise.reject(new Error('no clock')),
}

for (const [name, clock] of Object.entries(CLOCKS)) {
  test(`a clock that shows ${name} stops neither reports nor scrapes`, async (context) => {
    let isRight = true
    const now = () => (isRight ? 1 : (clock() as number))
    const aggregator = new EngineAggregator({ now, monotonicNow: now, intervalMs: 60_000 })
    context.after(() => aggregator.close())
    const recorder = createRecorder(aggregator.connect(0), { now })
    isRight = false
    recorder.record('op', 1, 1)
    recorder.report()
    while (aggregator.snapshot().sources[0]?.health.reports === 0) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    const text = await aggregator.registry.metrics()
    assert.match(text, /^moonmeter_engine_up\{engine="0"\} 1$/m)
    assert.doesNotMatch(text, /NaN|e\+308|\} [+-]?Inf/)
    const sent: Uint8Array[] = []
    const sink = { send: (bytes: Uint8Array) => void sent.push(bytes) }
    const remote = createRecorder({ engine: 1, sink, now })
    remote.record('op', 1, 1)
    remote.close()
    assert.equal(sent.length, 1)
    assert.equal(aggregator.ingest(sent[0] ?? new Uint8Array()).accepted, true)
    assert.equal(aggregator.stats().rows, 2)
    recorder.close()
  })
}
