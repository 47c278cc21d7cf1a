import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EXTRA_METRIC_NAMES } from '../../src/catalogue.js'
import { instrumentStore } from '../../src/recorder/index.js'
import { startRecording } from '../support/engines/recording.js'

const ALL = { extraMetrics: EXTRA_METRIC_NAMES } as const

/** A client whose results the test chooses. */
function clientOf(result: unknown) {
  const client = {
    result,
    batchIsExist: (_keys: string[]) => client.result,
    batchPut: (_keys: string[], ..._rest: unknown[]) => client.result,
    batchGet: (_keys: string[], ..._rest: unknown[]) => client.result,
  }
  return client
}

/** The operation, status, bytes attempted, bytes moved and keys found of each series. */
function recorded({ aggregator }: ReturnType<typeof startRecording>) {
  const { series } = aggregator.snapshot().sources[0]
  return series.map(({ operation, status, numBytes, numTransferredBytes, numHitKeys }) => [
    operation,
    status,
    numBytes,
    numTransferredBytes,
    numHitKeys,
  ])
}

/** The calls in flight by operation. */
function inFlight({ aggregator }: ReturnType<typeof startRecording>) {
  return aggregator.snapshot().sources[0]?.inFlight ?? {}
}

test('keys found are counted in each form of results', async () => {
  for (const [result, hits] of [
    [[1, 0, 1], 2],
    [[true, false, true], 2],
    [[1n, 0n, -1n], 1],
    [Int32Array.of(1, -1, 1), 2],
    [Uint8Array.of(1, 1), 0],
    [[1, 1, 1, 1, 1], 3],
    ['yes', 0],
    [undefined, 0],
  ] as const) {
    const recording = startRecording(ALL)
    instrumentStore(clientOf(result), recording.recorder).batchIsExist(['a', 'b', 'c'])
    assert.deepEqual(recorded(recording), [['lookup_exists', 'ok', 0, 0, hits]])
    await recording.close()
  }
})

test('the bytes of failed keys are left out of the bytes moved', async () => {
  const buffers = [new Uint8Array(1), [new Uint8Array(10), new Uint8Array(10)], new Uint8Array(400)]
  const keys = ['a', 'b', 'c']
  const bytesOf = () => 300
  for (const [result, rest, options, attempted, moved] of [
    [[0, -1, 0], [buffers], {}, 421, 401],
    [Int32Array.of(-1, 0, -1), [buffers, 'config'], {}, 421, 20],
    [[-1, -1, -1], [buffers], {}, 421, 0],
    [[0, 0, 0], [buffers], {}, 421, 421],
    // Without a buffer per key, each key has its share.
    [[0, 0, -1], [new Uint8Array(300)], {}, 300, 200],
    [[0, 0, -1], [buffers], { bytesOf }, 300, 200],
    [[-1], [buffers], {}, 421, 280],
  ] as const) {
    const recording = startRecording(ALL)
    const store = instrumentStore(clientOf(result), recording.recorder, options)
    store.batchPut(keys, ...rest)
    const [, , ...bytes] = recorded(recording).at(-1) ?? []
    assert.deepEqual(bytes, [attempted, moved, 0], `${result}`)
    await recording.close()
  }
})

test('an exception adds no bytes moved and no keys found, and ends the call', async () => {
  const recording = startRecording(ALL)
  const client = {
    batchPut: (_keys: string[], _buffers: unknown[]) => {
      assert.deepEqual(inFlight(recording), { save_put: 1 })
      throw new Error('full')
    },
    batchIsExist: async (_keys: string[]) => {
      throw new Error('gone')
    },
  }
  const store = instrumentStore(client, recording.recorder)
  assert.throws(() => store.batchPut(['a'], [new Uint8Array(9)]), /full/)
  await assert.rejects(store.batchIsExist(['a']), /gone/)
  assert.deepEqual(recorded(recording), [
    ['save_put', 'ok', 0, 0, 0],
    ['save_put', 'error', 9, 0, 0],
    ['lookup_exists', 'ok', 0, 0, 0],
    ['lookup_exists', 'error', 0, 0, 0],
  ])
  assert.deepEqual(inFlight(recording), { save_put: 0, lookup_exists: 0 })
  await recording.close()
})

test('a call is in flight until its promise is settled', async () => {
  const recording = startRecording(ALL)
  const answers: ((codes: number[]) => void)[] = []
  const client = clientOf(undefined)
  const store = instrumentStore(client, recording.recorder)
  const calls = [1, 2].map(() => {
    client.result = new Promise((resolve) => answers.push(resolve))
    return store.batchGet(['a'])
  })
  assert.deepEqual(inFlight(recording), { load_get: 2 })
  answers[0]([0])
  await calls[0]
  assert.deepEqual(inFlight(recording), { load_get: 1 })
  recording.recorder.close()
  answers[1]([0])
  await calls[1]
  store.batchGet(['a'])
  await recording.close()
  assert.deepEqual(inFlight(recording), { load_get: 0 })
})

test('a query that starts when it is awaited is in flight from then on', async () => {
  const recording = startRecording(ALL)
  const seen: unknown[] = []
  const query = () => ({
    // biome-ignore lint/suspicious/noThenProperty: clients have such queries
    then(onResult: (codes: number[]) => void) {
      seen.push(inFlight(recording))
      setImmediate(() => onResult([0]))
    },
  })
  const store = instrumentStore({ batchGet: (_keys: string[]) => query() }, recording.recorder)
  const never = store.batchGet(['a'])
  assert.deepEqual(inFlight(recording), { load_get: 0 })
  await (store.batchGet(['a']) as PromiseLike<unknown>)
  assert.deepEqual(seen, [{ load_get: 1 }])
  assert.deepEqual(inFlight(recording), { load_get: 0 })
  assert.equal(typeof never.then, 'function')
  await recording.close()
})
