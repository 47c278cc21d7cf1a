import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { instrumentStore } from '../../src/recorder/index.js'
import { startRecording } from '../support/engines/recording.js'
import { Child, type Ended } from '../support/processes/child.js'

const MODULES = ['../../src/index.js', '../../src/recorder/index.js'].map(
  (path) => new URL(path, import.meta.url).href,
)

/** The linter warns of properties of this name, which are what is tested here. */
const THEN = 'then'

/** A promise with its own method and state. */
class Job extends Promise<number[]> {
  canceled = false

  cancel(): this {
    this.canceled = true
    return this
  }
}

/** A query that runs each time that it is awaited, and not before. */
class Query {
  runs = 0
  readonly #codes: number[]

  constructor(codes: number[]) {
    this.#codes = codes
  }

  limit(): this {
    return this
  }
  [THEN]<Result, Other>(
    onResult: (codes: number[]) => Result,
    onError?: (error: unknown) => Other,
  ) {
    this.runs++
    return Promise.resolve(this.#codes).then(onResult, onError)
  }
}

/** The result of a `batchGet` of two keys from a client with this result, and the recorded row. */
async function withAnswer<Answer>(
  answer: Answer,
  check: (got: Answer, recorded: () => unknown) => Promise<void> | void,
): Promise<void> {
  const recording = startRecording()
  const store = instrumentStore({ batchGet: (_keys: string[]) => answer }, recording.recorder)
  const recorded = () =>
    [...recording.aggregator.stats().series()].map(({ status, stats }) => {
      return `${stats.rows} ${status}, ${stats.counts.numFailedKeys} failed`
    })
  await check(store.batchGet(['a', 'b']), recorded)
  await recording.close()
}

const PARTIAL = ['1 partial_failure, 1 failed']

test('a promise of a subclass is returned itself, and recorded once it is awaited', async () => {
  const job = new Job((resolve) => resolve([1, -1]))
  await withAnswer(job, async (got, recorded) => {
    assert.equal(got, job)
    assert.ok(got.cancel().canceled)
    assert.deepEqual(Object.keys(got), ['canceled'])
    const derived = got.then((codes) => codes.length)
    assert.ok(derived instanceof Job)
    assert.deepEqual([await got, await derived, await got.finally(() => {})], [[1, -1], 2, [1, -1]])
    assert.deepEqual(recorded(), PARTIAL)
  })
})

test('a query that runs in then runs as often as the caller awaits it, and is recorded once', async () => {
  const query = new Query([1, -1])
  await withAnswer(query, async (got, recorded) => {
    assert.equal(got.limit(), query)
    assert.equal(query.runs, 0)
    assert.deepEqual(recorded(), [])
    assert.deepEqual(await got, [1, -1])
    assert.equal(query.runs, 1)
    assert.deepEqual(recorded(), PARTIAL)
    await got
    assert.equal(query.runs, 2)
    assert.deepEqual(recorded(), PARTIAL)
  })
})

test('a promise with its own methods is returned itself, and its outcome is recorded', async () => {
  const decorated = Object.assign(Promise.resolve([1, -1]), { cancel: () => 'canceled' })
  await withAnswer(decorated, async (got, recorded) => {
    assert.equal(got, decorated)
    assert.equal(got.cancel(), 'canceled')
    assert.deepEqual(await got, [1, -1])
    assert.deepEqual(recorded(), PARTIAL)
  })
})

test('a promise of another realm that is awaited there is recorded', async () => {
  const { recorder, aggregator, close } = startRecording()
  const { client, use } = runInNewContext(`({
    client: { batchGet: async (keys) => [1, -1] },
    use: async (store) => await store.batchGet(['a', 'b']),
  })`)
  assert.deepEqual([...(await use(instrumentStore(client, recorder)))], [1, -1])
  const recorded = [...aggregator.stats().series()].map(({ status, stats }) => [status, stats.rows])
  assert.deepEqual(recorded, [['partial_failure', 1]])
  await close()
})

test('a promise of an asynchronous function is recorded where a library replaced Promise', async (context) => {
  const { Promise: original } = globalThis
  context.after(() => {
    globalThis.Promise = original
  })
  globalThis.Promise = class Replaced<Result> extends original<Result> {} as PromiseConstructor
  const { recorder, aggregator, close } = startRecording()
  const store = instrumentStore({ batchGet: async (_keys: string[]) => [1, -1] }, recorder)
  assert.deepEqual(await store.batchGet(['a', 'b']), [1, -1])
  const recorded = [...aggregator.stats().series()].map(({ status, stats }) => [status, stats.rows])
  assert.deepEqual(recorded, [['partial_failure', 1]])
  await close()
})

test('rejections of promises and thenables are the caller’s, and are recorded as errors', async () => {
  const lost = new Error('the segment is lost')
  const answers = [
    () => Promise.reject(lost),
    () => Job.reject(lost),
    () => Object.assign(Promise.reject(lost), { cancel() {} }),
    () => runInNewContext('Promise').reject(lost),
    () => ({ [THEN]: (_onResult: unknown, onError: (error: unknown) => unknown) => onError(lost) }),
  ]
  for (const answer of answers) {
    await withAnswer(answer(), async (got, recorded) => {
      await assert.rejects(async () => await got, lost)
      assert.deepEqual(recorded(), ['1 error, 2 failed'])
    })
  }
})

test('for a plain promise, a plain promise is returned, also within an asynchronous context', async () => {
  const storage = new AsyncLocalStorage<string>()
  await storage.run('context', async () => {
    await withAnswer(Promise.resolve([1, -1]), async (got, recorded) => {
      assert.equal(Object.getPrototypeOf(got), Promise.prototype)
      assert.deepEqual(await got, [1, -1])
      assert.deepEqual(recorded(), PARTIAL)
      assert.equal(storage.getStore(), 'context')
    })
  })
})

test('a thenable that cannot be observed, or is invalid, is returned unchanged', async () => {
  await withAnswer({ [THEN]: 5 }, (got, recorded) => {
    assert.equal(got.then, 5)
    assert.deepEqual(recorded(), ['1 ok, 0 failed'])
  })
  const hostile = Object.defineProperty({}, 'then', {
    get() {
      throw new Error('not yours')
    },
  })
  await withAnswer(hostile, (got) => assert.equal(got, hostile))
  const locked = Object.freeze({
    [THEN]: (onResult: (codes: number[]) => unknown) => onResult([3]),
  })
  await withAnswer(locked, async (got) => {
    assert.equal(got, locked)
    assert.deepEqual(await got, [3])
  })
})

test('a failure of the telemetry does not change the result, and the row is recorded without it', async () => {
  const fail = () => {
    throw new Error('not mine')
  }
  const broken: readonly object[] = [
    { bytesOf: fail },
    { bytesOf: async () => fail() },
    { bytesOf: () => 10n },
    { bytesOf: () => Number.NaN },
    { now: fail },
    { now: () => Number.NaN },
  ]
  for (const options of broken) {
    const recording = startRecording()
    const client = { batchPut: (keys: string[], _buffers: unknown) => keys.map(() => 0) }
    const store = instrumentStore(client, recording.recorder, options)
    assert.deepEqual(store.batchPut(['a', 'b'], []), [0, 0])
    const { save_put_count, save_put_total_keys, save_put_total_bytes } = recording.aggregator
      .stats()
      .reduce()
    assert.deepEqual([save_put_count, save_put_total_keys, save_put_total_bytes], [1, 2, 0])
    await recording.close()
  }
})

test('a call with values of unknown size is recorded without their bytes', async () => {
  const cyclic: unknown[] = [new Uint8Array(5)]
  cyclic.push(cyclic, [[cyclic]])
  let deep: unknown[] = []
  for (let level = 0; level < 100_000; level++) deep = [deep]
  const revoked = Proxy.revocable([], {})
  revoked.revoke()
  const shared = [new Uint8Array(2)]
  for (const [buffers, result, bytes] of [
    [cyclic, [0, 0], 5],
    [deep, [0, 0], 0],
    [[revoked.proxy], [0, 0], 0],
    [[shared, shared], [0, 0], 4],
    [[new Uint8Array(3)], revoked.proxy, 3],
  ] as const) {
    const recording = startRecording()
    const client = { batchPut: (_keys: string[], _buffers: unknown) => result }
    const store = instrumentStore(client, recording.recorder)
    assert.equal(store.batchPut(['a', 'b'], buffers), result)
    const { save_put_count, save_put_total_keys, save_put_total_bytes } = recording.aggregator
      .stats()
      .reduce()
    assert.deepEqual([save_put_count, save_put_total_keys, save_put_total_bytes], [1, 2, bytes])
    await recording.close()
  }
})

/** The exit of a process in which each unhandled rejection is fatal. */
function endOf(context: ConstructorParameters<typeof Child>[0], source: string): Promise<Ended> {
  const [index, recorder] = MODULES
  const script = `import { EngineAggregator } from '${index}'
    import { createRecorder, instrumentStore } from '${recorder}'
    const aggregator = new EngineAggregator()
    class Job extends Promise {}
    const fail = async () => { throw new Error('the segment is lost') }
    const client = {
      batchGet: fail,
      batchPut: () => new Job((_, reject) => reject(new Error('the segment is lost'))),
      batchIsExist: async () => [1],
    }
    const store = instrumentStore(client, createRecorder(aggregator.connect(0)), {
      bytesOf: fail,
    })
    ${source}
    setTimeout(() => console.log(aggregator.stats().rows), 20)`
  const args = ['--unhandled-rejections=strict', '--input-type=module', '--eval', script]
  return new Child(context, process.execPath, args).end()
}

test('a rejection that the caller handles ends no process', async (context) => {
  const { code, stdout, stderr } = await endOf(
    context,
    `store.batchGet(['a']).catch(() => {})
    store.batchPut(['a']).catch(() => {})
    await store.batchGet(['b']).then(() => {}, () => {})
    await store.batchIsExist(['b'])`,
  )
  assert.deepEqual([code, stdout], [0, '4\n'], stderr)
})

for (const method of ['batchGet', 'batchPut']) {
  test(`an unhandled rejection of ${method} ends the process, as without the proxy`, async (context) => {
    const { code, stderr } = await endOf(context, `store.${method}(['a'])`)
    assert.equal(code, 1)
    assert.match(stderr, /the segment is lost/)
  })
}
