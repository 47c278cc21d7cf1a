import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instrumentStore } from '../../src/recorder/index.js'
import { startRecording } from '../support/engines/recording.js'

class Job extends Promise<number[]> {}

test('each of any number of calls that return the same object is recorded once', async () => {
  const calls = 20_000
  const { recorder, aggregator, close } = startRecording()
  const job = Job.resolve([1])
  const store = instrumentStore({ batchGet: (_keys: string[]) => job }, recorder)
  for (let call = 0; call < calls; call++) assert.equal(store.batchGet(['key']), job)
  assert.deepEqual(await job, [1])
  assert.equal(aggregator.stats(0).rows, calls)
  store.batchGet(['key'])
  assert.deepEqual(await job, [1])
  assert.equal(aggregator.stats(0).rows, calls + 1)
  await close()
})

test('data that a get returns is counted as data, not as a code per key', async () => {
  const { recorder, aggregator, close } = startRecording()
  let result: ArrayBufferView = new Uint8Array(2 ** 26)
  const store = instrumentStore({ batchGet: (_keys: string[]) => result }, recorder)
  const before = process.cpuUsage()
  store.batchGet(['key'])
  const { user, system } = process.cpuUsage(before)
  // Microseconds of a processor, in which each element could not be read.
  assert.ok(user + system < 500_000)
  result = new Float32Array([-1, -2, -3])
  store.batchGet(['key'])
  result = new Int32Array([-1, 0, -3])
  store.batchGet(['a', 'b', 'c'])
  const results = aggregator.stats(0).reduce()
  assert.equal(results.load_get_failed_keys, 2)
  assert.equal(results.load_get_total_bytes, 2 ** 26 + 12 + 12)
  await close()
})

test('a promise that throws when its constructor is read is returned unchanged', async () => {
  const { recorder, close } = startRecording()
  const answer = Promise.resolve([1])
  Object.defineProperty(answer, 'constructor', {
    get() {
      throw new Error('no constructor')
    },
  })
  const store = instrumentStore({ batchGet: (_keys: string[]) => answer }, recorder)
  assert.equal(store.batchGet(['key']), answer)
  await close()
})
