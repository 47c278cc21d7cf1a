import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instrumentStore } from '../../src/recorder/index.js'
import { failure } from '../support/assertions/failures.js'
import { startRecording } from '../support/engines/recording.js'
import { SyncStore } from '../support/engines/stores.js'

/** A clock that advances by 3 ms with each call. */
function steppingClock(): () => number {
  let nowMs = 100
  return () => {
    nowMs += 3
    return nowMs
  }
}

/** The operation, status, rows, keys, bytes and failed keys of every series. */
function recorded({ aggregator }: ReturnType<typeof startRecording>) {
  return [...aggregator.stats().series()].map(({ operation, status, stats }) => [
    operation,
    status,
    stats.rows,
    stats.counts.numKeys,
    stats.counts.numBytes,
    stats.counts.numFailedKeys,
  ])
}

test('synchronous calls are recorded, and their results are those of the client', async () => {
  const recording = startRecording()
  const client = new SyncStore()
  const store = instrumentStore(client, recording.recorder, { now: steppingClock() })
  assert.equal(store.batchIsExist(['a', 'b', 'c']), client.existing)
  client.codes = [0, -1, -2]
  assert.equal(
    store.batchPut(['a', 'b', 'c'], [new Uint8Array(5), new Uint16Array(2)]),
    client.codes,
  )
  client.codes = [4, 4]
  assert.equal(store.batchGet(['a', 'b'], [[Buffer.alloc(6)], new ArrayBuffer(1)]), client.codes)
  assert.deepEqual(recorded(recording), [
    ['load_get', 'ok', 1, 2, 7, 0],
    ['lookup_exists', 'ok', 1, 3, 0, 0],
    ['save_put', 'partial_failure', 1, 3, 9, 2],
  ])
  assert.equal(recording.aggregator.stats().reduce().save_put_avg_ms, 3)
  await recording.close()
})

test('calls that return a promise are recorded when it is settled', async () => {
  const recording = startRecording()
  let answer: (codes: Int32Array) => void = () => {}
  const client = {
    async batchIsExist(_keys: string[]) {
      return [-1, 1]
    },
    batchGet: (_keys: string[]) =>
      new Promise<Int32Array>((resolve) => {
        answer = resolve
      }),
  }
  const store = instrumentStore(client, recording.recorder, { existsOperation: 'save_exists' })
  assert.deepEqual(await store.batchIsExist(['a', 'b']), [-1, 1])
  const got = store.batchGet(['a', 'b', 'c'])
  assert.equal(recording.aggregator.stats().rows, 1)
  const codes = Int32Array.of(1, -800, 1)
  answer(codes)
  assert.equal(await got, codes)
  assert.deepEqual(recorded(recording), [
    ['load_get', 'partial_failure', 1, 3, 12, 1],
    ['save_exists', 'ok', 1, 2, 0, 0],
  ])
  await recording.close()
})

test('an exception or rejection of a client is rethrown, and recorded as an error of all keys', async () => {
  const recording = startRecording()
  const lost = new Error('the segment is lost')
  const client = {
    batchPut(_keys: string[], _buffers: unknown) {
      throw lost
    },
    batchGet: (_keys: string[]) => Promise.reject(lost),
    batchIsExist(_keys: string[]): number[] {
      throw 'no error object'
    },
  }
  const store = instrumentStore(client, recording.recorder)
  assert.throws(
    () => store.batchPut(['a', 'b'], [Buffer.alloc(10)]),
    (error) => error === lost,
  )
  await assert.rejects(store.batchGet(['a']), (error) => error === lost)
  assert.throws(
    () => store.batchIsExist(['a', 'b', 'c']),
    (error) => error === 'no error object',
  )
  assert.deepEqual(recorded(recording), [
    ['load_get', 'error', 1, 1, 0, 1],
    ['lookup_exists', 'error', 1, 3, 0, 3],
    ['save_put', 'error', 1, 2, 10, 2],
  ])
  await recording.close()
})

test('the bytes of buffers in the result are counted if the arguments have none', async () => {
  const recording = startRecording()
  const client = { batchGet: (_keys: string[]) => [Buffer.alloc(3), [Buffer.alloc(4)], null] }
  instrumentStore(client, recording.recorder).batchGet(['a', 'b', 'c'])
  assert.deepEqual(recorded(recording), [['load_get', 'ok', 1, 3, 7, 0]])
  await recording.close()
})

test('bytesOf is called for puts and gets, with the keys, the other arguments and the result', async () => {
  const recording = startRecording()
  const client = new SyncStore()
  const asked: unknown[] = []
  const store = instrumentStore(client, recording.recorder, {
    bytesOf: (keys, rest, result) => {
      asked.push([keys, rest, result])
      return 1_000
    },
  })
  store.batchPut(['a'], [Buffer.alloc(2)], 'replica')
  store.batchIsExist(['a'])
  assert.deepEqual(asked, [[['a'], [[Buffer.alloc(2)], 'replica'], client.codes]])
  assert.deepEqual(recorded(recording)[1], ['save_put', 'ok', 1, 1, 1_000, 0])
  await recording.close()
})

test('a bytesOf that fails changes neither a client’s answer nor its error', async () => {
  const recording = startRecording()
  const lost = new Error('the segment is lost')
  const client = new SyncStore()
  const store = instrumentStore(client, recording.recorder, {
    bytesOf: (_keys, _rest, result) => (result as readonly unknown[]).length * Number.NaN,
  })
  assert.equal(store.batchPut(['a'], []), client.codes)
  client.failure = lost
  assert.throws(
    () => store.batchPut(['a'], []),
    (error) => error === lost,
  )
  await recording.close()
})

test('the other members of a client with private fields do not change', async () => {
  const recording = startRecording()
  const client = new SyncStore()
  const store = instrumentStore(client, recording.recorder)
  assert.ok(store instanceof SyncStore)
  assert.equal(store.calls, 0)
  store.batchIsExist(['a'])
  assert.equal(store.calls, 1)
  assert.equal(store.callsOfMethod(), 1)
  assert.equal(store.name, client.name)
  store.name = 'changed'
  assert.equal(client.name, 'changed')
  store.calls = 40
  assert.equal(client.calls, 40)
  assert.equal(store.batchGet, store.batchGet)
  assert.ok('batchPut' in store && !('batchRemove' in store))
  await recording.close()
})

test('a frozen client can be instrumented', async () => {
  const recording = startRecording()
  const client = Object.freeze({ batchIsExist: (keys: string[]) => keys.map(() => 1) })
  const store = instrumentStore(client, recording.recorder)
  assert.deepEqual(store.batchIsExist(['a', 'b']), [1, 1])
  assert.deepEqual(recorded(recording), [['lookup_exists', 'ok', 1, 2, 0, 0]])
  await recording.close()
})

test('calls after the recorder was closed still work, and are not recorded', async () => {
  const recording = startRecording()
  const client = new SyncStore()
  const store = instrumentStore(client, recording.recorder)
  await recording.close()
  assert.equal(store.batchGet(['a'], []), client.codes)
  assert.equal(recording.aggregator.stats().rows, 0)
})

test('an unknown option is refused', async () => {
  const recording = startRecording()
  assert.throws(
    () => instrumentStore({}, recording.recorder, { exists: 'save_exists' } as object),
    failure('INVALID_OPTION'),
  )
  await recording.close()
})
