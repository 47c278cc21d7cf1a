import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { BLOCK_ID_MAX, SharedBlockStore } from '../../src/simulate/block-store.js'

const MODULE_URL = new URL('../../src/simulate/block-store.js', import.meta.url).href

/** Waits until all threads run, claims all ids in order, and counts those it stored. */
const CLAIMER = `
const { workerData } = require('node:worker_threads')
import(workerData.moduleUrl).then(({ SharedBlockStore }) => {
  const store = new SharedBlockStore(workerData.buffer)
  const { gate, wins, threads } = workerData
  if (Atomics.add(gate, 0, 1) === threads - 1) Atomics.notify(gate, 0)
  for (let seen; (seen = Atomics.load(gate, 0)) < threads; ) Atomics.wait(gate, 0, seen, 100)
  for (let id = 0; id < wins.length; id++) if (store.claim(id)) Atomics.add(wins, id, 1)
})`

test('of threads that claim the same blocks concurrently, exactly one stores each', async () => {
  const threads = 4
  const ids = 500_000
  const store = SharedBlockStore.create(ids)
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const wins = new Uint8Array(new SharedArrayBuffer(ids))
  const workerData = { moduleUrl: MODULE_URL, buffer: store.buffer, gate, wins, threads }
  const exits = Array.from({ length: threads }, () =>
    once(new Worker(CLAIMER, { eval: true, workerData }), 'exit'),
  )
  assert.deepEqual(await Promise.all(exits), new Array(threads).fill([0]))
  assert.ok(wins.every((count) => count === 1))
  for (let id = 0; id < ids; id += 997) assert.ok(store.has(id))
})

test('a store with a capacity above every id is a set: it evicts nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 63 })), (ids) => {
      const store = SharedBlockStore.create(64)
      const model = new Set<number>()
      for (const id of ids) {
        assert.equal(store.has(id), model.has(id))
        assert.equal(store.claim(id), !model.has(id))
        model.add(id)
      }
    }),
  )
})

test('a new block evicts the one in its slot, so ascending ids are evicted in order', () => {
  const store = SharedBlockStore.create(10)
  for (let id = 0; id < 25; id++) assert.ok(store.claim(id))
  for (let id = 0; id < 25; id++) assert.equal(store.has(id), id >= 15, `block ${id}`)
  assert.ok(store.claim(3), 'an evicted block can be stored again')
  assert.ok(!store.has(23), 'and evicts another one')
})

test('stores on the same buffer share their blocks', () => {
  const store = SharedBlockStore.create(8)
  const other = new SharedBlockStore(store.buffer)
  assert.ok(store.claim(5))
  assert.ok(other.has(5))
  assert.ok(!other.claim(5))
})

test('the smallest and the largest id can be stored', () => {
  const store = SharedBlockStore.create(1_000)
  for (const id of [0, 2 ** 31 - 1, 2 ** 31, BLOCK_ID_MAX]) {
    assert.ok(!store.has(id))
    assert.ok(store.claim(id))
    assert.ok(store.has(id))
    assert.ok(!store.claim(id))
  }
})
