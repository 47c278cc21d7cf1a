import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ScrapeSnapshots } from '../../src/registry/scrape-snapshots.js'
import type { Snapshot } from '../../src/snapshot/snapshot.js'

const FAMILIES = [0, 1, 2]

/** Snapshots of a counter, shown as their number of milliseconds. */
function newCounter() {
  const state = { counted: 0, reads: 0 }
  const snapshots = new ScrapeSnapshots(FAMILIES.length, async () => {
    state.reads++
    return { timestampMs: state.counted } as Snapshot
  })
  const ask = async (families: readonly number[]) => {
    const asked = await Promise.all(families.map((family) => snapshots.ask(family)))
    return asked.map(({ timestampMs }) => timestampMs)
  }
  return { state, ask }
}

test('families that are asked in order share the moment of the first, and one read', async () => {
  const { state, ask } = newCounter()
  const scrape = ask(FAMILIES)
  state.counted = 1
  assert.deepEqual(await scrape, [0, 0, 0])
  assert.equal(state.reads, 1)
  assert.deepEqual(await ask(FAMILIES), [1, 1, 1])
  assert.equal(state.reads, 2)
})

test('two scrapes of one synchronous turn each show their own moment', async () => {
  const { state, ask } = newCounter()
  const first = ask(FAMILIES)
  state.counted = 1
  const second = ask(FAMILIES)
  state.counted = 2
  assert.deepEqual(
    [await first, await second],
    [
      [0, 0, 0],
      [1, 1, 1],
    ],
  )
  assert.equal(state.reads, 2)
})

test('whatever is asked in one turn, none shows less than there was when it was asked', async () => {
  const parts = [[0], [1], [2], [0, 1], [1, 2], [0, 2], [2, 1, 0], FAMILIES]
  for (const one of parts) {
    for (const other of parts) {
      if (completes(one, other)) continue
      const { state, ask } = newCounter()
      const [first, between, second] = [ask(one), ++state.counted, ask(other)]
      const values = await second
      assert.ok(Math.min(...values) >= between, `${one}; ${other}: ${values}`)
      assert.equal(new Set(values).size, 1, `${one}; ${other}: ${values}`)
      assert.equal(new Set(await first).size, 1)
    }
  }
})

test('a read that fails is a failure of those who asked, and the next one is tried', async () => {
  let reads = 0
  const snapshots = new ScrapeSnapshots(2, async () => {
    if (++reads <= 2) throw new Error('not yet')
    return { timestampMs: reads } as Snapshot
  })
  await assert.rejects(Promise.all([snapshots.ask(0), snapshots.ask(1)]), /not yet/)
  await assert.rejects(snapshots.ask(1), /not yet/)
  assert.equal((await snapshots.ask(0)).timestampMs >= 3, true)
})

/** Whether a whole scrape begins in one part and ends in the other: then they are one scrape. */
function completes(one: readonly number[], other: readonly number[]): boolean {
  const has = (families: readonly number[]) => families.join().includes(FAMILIES.join())
  return has([...one, ...other]) && !has(one) && !has(other)
}
