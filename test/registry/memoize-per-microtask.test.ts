import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoizePerMicrotask } from '../../src/registry/memoize-per-microtask.js'

test('callers of one synchronous turn share a value, later ones get a new one', async () => {
  let reads = 0
  const read = memoizePerMicrotask(() => ({ number: ++reads }))
  const first = read()
  assert.equal(read(), first)
  await Promise.resolve()
  const second = read()
  assert.notEqual(second, first)
  assert.deepEqual([first.number, second.number, reads], [1, 2, 2])
})

test('a read that throws is tried again', async () => {
  let reads = 0
  const read = memoizePerMicrotask(() => {
    if (++reads === 1) throw new Error('not yet')
    return { reads }
  })
  assert.throws(read, /not yet/)
  assert.equal(read().reads, 2)
})
