import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareInTurn } from '../../src/registry/share-in-turn.js'

/** A shared read of a counter. */
function newCounter() {
  const state = { counted: 0, reads: 0 }
  const read = shareInTurn(async () => {
    state.reads++
    return state.counted
  })
  return { state, read }
}

test('calls of one synchronous turn share one read, which is not older than any of the calls', async () => {
  const { state, read } = newCounter()
  const early = [read(), read()]
  state.counted = 1
  const late = read()
  assert.equal(state.reads, 0)
  assert.deepEqual(await Promise.all([...early, late]), [1, 1, 1])
  assert.equal(state.reads, 1)
})

test('calls of a later turn, and calls during a read, have their own read', async () => {
  const { state, read } = newCounter()
  assert.equal(await read(), 0)
  state.counted = 1
  const second = read()
  await Promise.resolve()
  state.counted = 2
  assert.deepEqual(await Promise.all([second, read()]), [1, 2])
  assert.equal(state.reads, 3)
})

test('a failed read is a failure of its callers, and the next call reads again', async () => {
  let reads = 0
  const read = shareInTurn(async () => {
    if (++reads === 1) throw new Error('not yet')
    return reads
  })
  const calls = [read(), read()]
  for (const call of calls) await assert.rejects(call, /not yet/)
  assert.equal(await read(), 2)
})
