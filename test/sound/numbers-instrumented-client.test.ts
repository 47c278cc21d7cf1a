import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { instrumentStore } from '../../src/recorder/index.js'
import { failure } from '../support/assertions/failures.js'
import { startRecording } from '../support/engines/recording.js'
import { SyncStore } from '../support/engines/stores.js'

const KEY: unique symbol = Symbol('key')

/** A client of every kind of property; each test makes its own. */
class Client extends SyncStore {
  static readonly Options = class {}
  readonly [Symbol.toStringTag] = 'Client'
  readonly [KEY] = 5
  readonly Options = Client.Options
  onEvent = () => this.name
  #secret = 'secret'

  get secret(): string {
    return this.#secret
  }

  set secret(secret: string) {
    this.#secret = secret
  }

  [Symbol.iterator](): Iterator<number> {
    return this.existing[Symbol.iterator]()
  }

  override toString(): string {
    return `client with ${this.#secret}`
  }

  toJSON(): object {
    return { secret: this.#secret }
  }
}

async function withStore<Kind extends object>(
  client: Kind,
  check: (store: Kind, rows: () => number) => void | Promise<void>,
): Promise<void> {
  const recording = startRecording()
  try {
    const store = instrumentStore(client, recording.recorder)
    await check(store, () => recording.aggregator.stats().rows)
  } finally {
    await recording.close()
  }
}

test('reflection on an instrumented client gives the same results as on the client', async () => {
  const client = new Client()
  await withStore(client, (store) => {
    assert.equal(store.constructor, Client)
    assert.equal(Object.getPrototypeOf(store), Client.prototype)
    assert.ok(store instanceof SyncStore)
    assert.equal(store.Options, Client.Options)
    assert.ok(new store.Options() instanceof Client.Options)
    assert.equal(String(store), String(client))
    assert.equal(Object.prototype.toString.call(store), '[object Client]')
    assert.equal(JSON.stringify(store), JSON.stringify(client))
    assert.equal(inspect(store), inspect(client))
    assert.deepEqual([...store], [1, 0, 1])
    assert.equal(store[KEY], 5)
    assert.deepEqual(Reflect.ownKeys(store), Reflect.ownKeys(client))
    assert.deepEqual(Object.keys(store), Object.keys(client))
    assert.deepEqual(Object.entries(store)[0], Object.entries(client)[0])
    assert.ok('secret' in store && 'batchGet' in store && !('batchRemove' in store))
    assert.equal(store.batchGet.name, 'batchGet')
    assert.equal(store.batchPut.length, client.batchPut.length)
    assert.equal(store.batchGet, store.batchGet)
    assert.equal(store.onEvent(), client.name)
    store.secret = 'changed'
    assert.equal(client.secret, 'changed')
    assert.equal(store.secret, 'changed')
  })
})

test('properties of an instrumented client are defined, changed and deleted in the client', async () => {
  const client: Client & { [name: string]: unknown } = Object.assign(new Client(), {
    extra: 1 as unknown,
  }) as never
  await withStore(client, (store) => {
    const constant = { value: 7, writable: false, enumerable: true, configurable: false }
    Object.defineProperty(store, 'constant', constant)
    assert.deepEqual(Object.getOwnPropertyDescriptor(client, 'constant'), constant)
    assert.deepEqual(Object.getOwnPropertyDescriptor(store, 'constant'), constant)
    assert.throws(() => Object.defineProperty(store, 'constant', { value: 8 }), TypeError)
    assert.throws(() => {
      store.constant = 8
    }, TypeError)
    assert.throws(() => delete store.constant, TypeError)
    const fixed = () => 'fixed'
    Object.defineProperty(store, 'fixed', { value: fixed })
    assert.equal(store.fixed, fixed)
    assert.ok(delete store.extra)
    assert.ok(!('extra' in client) && !('extra' in store))
    const { onEvent } = store
    store.later = onEvent
    assert.equal(store.later, onEvent)
    assert.equal(client.later, client.onEvent)
    Object.setPrototypeOf(store, SyncStore.prototype)
    assert.equal(Object.getPrototypeOf(client), SyncStore.prototype)
  })
})

type Lock = readonly [string, (one: object) => unknown, (one: object) => boolean]
const LOCKS: readonly Lock[] = [
  ['frozen', Object.freeze, Object.isFrozen],
  ['sealed', Object.seal, Object.isSealed],
  ['prevented from growing', Object.preventExtensions, (one) => !Object.isExtensible(one)],
]

for (const [what, lock, isLocked] of LOCKS) {
  for (const whom of ['client', 'store'] as const) {
    test(`a client is ${what} with its proxy, by way of the ${whom}`, async () => {
      const client = Object.assign(new Client(), { batchGet: (keys: string[]) => keys, extra: 1 })
      await withStore(client, (store, rows) => {
        assert.ok(!isLocked(store) && !isLocked(client))
        lock(whom === 'client' ? client : store)
        assert.ok(isLocked(store) && isLocked(client))
        assert.deepEqual(Reflect.ownKeys(store), Reflect.ownKeys(client))
        assert.throws(() => Object.assign(store, { more: 1 }), TypeError)
        store.batchGet(['a'])
        store.batchPut(['a'], [])
        assert.equal(store.secret, 'secret')
        assert.equal(rows(), 2)
        if (what === 'prevented from growing') {
          Reflect.deleteProperty(client, 'extra')
          assert.deepEqual(Reflect.ownKeys(store), Reflect.ownKeys(client))
        }
      })
    })
  }
}

test('methods of a frozen object and fixed methods are recorded', async () => {
  const frozen = Object.freeze({ batchIsExist: (keys: string[]) => keys.map(() => 1) })
  const fixed: Partial<typeof frozen> = {}
  Object.defineProperty(fixed, 'batchIsExist', { value: frozen.batchIsExist })
  for (const client of [frozen, fixed]) {
    await withStore(client, (store, rows) => {
      assert.deepEqual(store.batchIsExist?.(['a', 'b']), [1, 1])
      assert.equal(rows(), 1)
      const [[name, { writable }]] = Object.entries(Object.getOwnPropertyDescriptors(store))
      assert.deepEqual([name, writable], ['batchIsExist', false])
    })
  }
})

test('a client may be a function, a class, a proxy or an object without a prototype', async () => {
  class Static {
    static #calls = 0
    readonly calls = Static.#calls
    static batchGet(_keys: string[]) {
      return ++Static.#calls
    }
  }
  function callable(this: unknown, value: number) {
    return [this, value]
  }
  const batchGet = (keys: string[]) => keys.length
  await withStore(Object.assign(callable, { batchGet }), (store, rows) => {
    assert.equal(typeof store, 'function')
    assert.deepEqual(store.call('this', 4), ['this', 4])
    assert.equal(store.name, 'callable')
    assert.equal(store.batchGet(['a']), 1)
    assert.equal(rows(), 1)
    assert.ok(Object.isFrozen(Object.freeze(store)))
  })
  await withStore(Static, (store, rows) => {
    assert.equal(store.batchGet(['a']), 1)
    assert.equal(new store().calls, 1)
    assert.equal(rows(), 1)
  })
  const bare: { batchGet: typeof batchGet } = Object.assign(Object.create(null), { batchGet })
  for (const client of [new Proxy({ batchGet }, {}), bare]) {
    await withStore(client, (store, rows) => {
      assert.equal(store.batchGet(['a', 'b']), 2)
      assert.deepEqual(Object.keys(store), ['batchGet'])
      assert.equal(rows(), 1)
    })
  }
})

test('an object that inherits from an instrumented client is the receiver of its calls', async () => {
  await withStore({ batchGet: (keys: string[]) => keys, name: 'client' }, (store, rows) => {
    const child = Object.create(store)
    child.name = 'child'
    assert.equal(store.name, 'client')
    assert.deepEqual(child.batchGet(['a']), ['a'])
    assert.equal(rows(), 1)
  })
})

test('a client without any of the methods is rejected, and methods added later are recorded', async () => {
  const recording = startRecording()
  const wrong = [{}, { batchGet: 5 }, null, undefined, 5, 'client', () => {}, Object.create(null)]
  for (const client of wrong) {
    const instrument = () => instrumentStore(client as object, recording.recorder)
    assert.throws(instrument, failure('INVALID_OPTION'))
    assert.throws(instrument, /batchIsExist, batchPut, batchGet/)
  }
  for (const recorder of [null, undefined, {}]) {
    const instrument = () => instrumentStore(new SyncStore(), recorder as never)
    assert.throws(instrument, failure('INVALID_OPTION'))
  }
  await recording.close()
  const client: Partial<SyncStore> = { batchIsExist: () => [1] }
  await withStore(client, (store, rows) => {
    client.batchGet = () => [1]
    assert.deepEqual(store.batchGet?.(['a'], []), [1])
    assert.equal(rows(), 1)
  })
})
