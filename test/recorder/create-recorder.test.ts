import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { failure } from '../support/assertions/failures.js'

test('a value that is not a link is rejected', async () => {
  const { port1, port2 } = new MessageChannel()
  const noLinks = [
    undefined,
    null,
    3,
    'link',
    {},
    { port: {} },
    { port: port1 },
    { port: port1, engine: 0, bounds: [] },
  ]
  for (const link of noLinks) {
    assert.throws(() => createRecorder(link as never), failure('INVALID_LINK'))
  }
  port1.close()
  port2.close()
})

test('a link has one recorder', async () => {
  const aggregator = new EngineAggregator()
  const link = aggregator.connect(0)
  const recorder = createRecorder(link)
  assert.throws(() => createRecorder(link), failure('INVALID_LINK'))
  recorder.record('op', 1, 1)
  recorder.close()
  assert.throws(() => createRecorder(link), failure('INVALID_LINK'))
  assert.equal(aggregator.stats(0).rows, 1)
  await aggregator.close()
})

test('memory other than the journal of the link is rejected', async () => {
  const aggregator = new EngineAggregator()
  const link = aggregator.connect(0)
  const { byteLength } = link.journal
  const wrong = [
    new SharedArrayBuffer(byteLength),
    new SharedArrayBuffer(byteLength - 8),
    new ArrayBuffer(byteLength),
    undefined,
  ]
  for (const journal of wrong) {
    assert.throws(() => createRecorder({ ...link, journal } as never), failure('INVALID_LINK'))
  }
  assert.throws(() => createRecorder({ ...link, seriesMax: 7 }), failure('INVALID_LINK'))
  createRecorder(link).close()
  await aggregator.close()
})

test('a link with an unknown field is rejected and can still be used', async () => {
  const aggregator = new EngineAggregator()
  const link = aggregator.connect(0)
  for (const [field, values] of Object.entries({
    engine: [-1, 0.5, '0'],
    incarnation: [0, 2 ** 53],
    seriesMax: [1, 2 ** 20],
    // Node's timers treat 2^31 ms as 1 ms.
    intervalMs: [0, -1, 2 ** 31],
  })) {
    for (const value of values) {
      const forged = { ...link, [field]: value } as never
      assert.throws(() => createRecorder(forged), failure('INVALID_LINK'), `${field} ${value}`)
    }
  }
  for (const operations of [[1], [null], new Array(1), [''], ['op', 'op']]) {
    const forged = { ...link, operations } as never
    assert.throws(() => createRecorder(forged), failure('INVALID_OPTION'))
  }
  createRecorder(link).close()
  await aggregator.close()
})

test('an unknown option is rejected, and the link can still be used', async () => {
  const aggregator = new EngineAggregator()
  const link = aggregator.connect(0)
  assert.throws(
    () => createRecorder(link, { clock: Date.now } as object),
    failure('INVALID_OPTION'),
  )
  createRecorder(link).close()
  await aggregator.close()
})

test('the recorder knows its engine, and its handles by name', async () => {
  const aggregator = new EngineAggregator()
  const recorder = createRecorder(aggregator.connect(7))
  assert.equal(recorder.engine, 7)
  assert.equal(recorder.operation('__proto__'), recorder.operation('__proto__'))
  assert.notEqual(recorder.operation('a'), recorder.operation('b'))
  assert.equal(recorder.operation('a').operation, 'a')
  assert.throws(() => recorder.operation(3 as never), failure('INVALID_ROW'))
  recorder.close()
  await aggregator.close()
})
