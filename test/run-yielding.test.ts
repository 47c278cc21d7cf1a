import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runYielding } from '../src/run-yielding.js'

/** Steps that each take some time. */
function* busySteps(count: number, ms: number): Generator<void> {
  for (let step = 0; step < count; step++) {
    const endMs = performance.now() + ms
    while (performance.now() < endMs);
    yield
  }
}

test('long work yields to the event loop, and short work does not', async () => {
  for (const [count, ms, expected] of [
    [200, 0.5, true],
    [200, 0, false],
  ] as const) {
    let turns = 0
    let isDone = false
    const countTurn = () => {
      turns++
      if (!isDone) setImmediate(countTurn)
    }
    setImmediate(countTurn)
    await runYielding(busySteps(count, ms))
    isDone = true
    assert.equal(turns > 3, expected, `${turns} turns`)
  }
})

test('all steps run in order, and an error of one stops them', async () => {
  const taken: number[] = []
  function* steps(failAt: number): Generator<void> {
    for (let step = 0; step < 100; step++) {
      if (step === failAt) throw new Error('broken step')
      taken.push(step)
      yield
    }
  }
  await runYielding(steps(-1))
  assert.deepEqual(taken, [...Array(100).keys()])
  await assert.rejects(runYielding(steps(50)), /broken step/)
  assert.equal(taken.length, 150)
})
