import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { failure } from '../support/assertions/failures.js'
import { waitUntil } from '../support/processes/wait-until.js'

test('a second aggregator that accepts threads is refused until the first is closed', async () => {
  const [first, second] = [new EngineAggregator(), new EngineAggregator()]
  first.acceptThreads()
  first.acceptThreads()
  assert.throws(() => second.acceptThreads(), failure('INVALID_OPTION'))
  assert.equal(process.listenerCount('workerMessage'), 1)
  await first.close()
  second.acceptThreads()
  assert.equal(process.listenerCount('workerMessage'), 1)
  await second.close()
  assert.equal(process.listenerCount('workerMessage'), 0)
})

test('a link without a thread ends when its port is closed, or by disconnect', async () => {
  const aggregator = new EngineAggregator()
  const isUp = () => aggregator.snapshot().sources[0].health.up
  const link = aggregator.connect(0)
  assert.ok(isUp())
  link.port.close()
  await waitUntil('the end of the incarnation', () => !isUp())
  aggregator.connect(0)
  assert.ok(isUp())
  aggregator.disconnect(0)
  assert.ok(!isUp())
  await aggregator.close()
})

test('an unusable link is rejected with the reason', async () => {
  const aggregator = new EngineAggregator()
  const used = aggregator.connect(0)
  const recorder = createRecorder(used)
  assert.throws(() => createRecorder(used), failure('INVALID_LINK'))
  assert.throws(() => createRecorder(used), /engine 0, got one that has a recorder/)
  const unused = aggregator.connect(1)
  aggregator.disconnect(1)
  assert.throws(() => createRecorder(unused), /engine 1, got one that was disconnected/)
  recorder.close()
  await aggregator.close()
})

test('null and undefined arguments of an aggregator are MoonmeterErrors', async () => {
  const aggregator = new EngineAggregator()
  const given = [null, undefined] as never[]
  assert.throws(() => new EngineAggregator(null as never), failure('INVALID_OPTION'))
  for (const value of given) {
    for (const call of [
      () => aggregator.connect(value),
      () => aggregator.disconnect(value),
      () => aggregator.noteRestart(value, 'exit'),
    ]) {
      assert.throws(call, failure('INVALID_ENGINE'))
    }
    assert.throws(() => aggregator.noteRestart(0, value), failure('INVALID_OPTION'))
  }
  for (const call of [
    () => aggregator.stats(null as never),
    () => aggregator.requestStop(null as never),
  ]) {
    assert.throws(call, failure('INVALID_ENGINE'))
  }
  for (const call of [
    () => aggregator.ingest(new Uint8Array(), null as never),
    () => aggregator.disconnect(0, null as never),
    () => new EngineAggregator({ bounds: null as never }),
    () => new EngineAggregator({ log: null as never }),
  ]) {
    assert.throws(call, failure('INVALID_OPTION'))
  }
  await aggregator.close()
})
