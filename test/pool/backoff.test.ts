import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Backoff } from '../../src/pool/backoff.js'
import { failure } from '../support/failures.js'

function delays(backoff: Backoff, count: number, lifeMs = 0): (number | undefined)[] {
  return Array.from({ length: count }, () => backoff.next(lifeMs))
}

test('delays double up to the largest, and end after the last restart', () => {
  const backoff = new Backoff({ delayMsMin: 10, delayMsMax: 70, restartsMax: 5, random: () => 0 })
  assert.deepEqual(delays(backoff, 7), [10, 20, 40, 70, 70, undefined, undefined])
})

test('a life of resetAfterMs starts the row afresh', () => {
  const backoff = new Backoff({
    delayMsMin: 10,
    restartsMax: 2,
    resetAfterMs: 70,
    random: () => 0,
  })
  assert.deepEqual(delays(backoff, 3), [10, 20, undefined])
  assert.equal(backoff.next(69), undefined)
  assert.equal(backoff.next(70), 10)
  assert.equal(backoff.next(0), 20)
})

test('each delay is cut by up to its half, at random', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      (delayMsMin, delayMsMax, stream) => {
        const random = () => stream.next().value as number
        const backoff = new Backoff({ delayMsMin, delayMsMax, restartsMax: 2_000, random })
        for (const [index, delay] of delays(backoff, 1_100, -1).entries()) {
          const whole = Math.min(delayMsMax, delayMsMin * 2 ** index)
          assert.ok(delay !== undefined && delay >= whole / 2 && delay <= whole)
        }
      },
    ),
    { seed: 70, numRuns: 50 },
  )
})

test('no restarts give up at once', () => {
  assert.equal(new Backoff({ restartsMax: 0 }).next(0), undefined)
})

test('unknown options and those out of range are refused', () => {
  for (const options of [
    { delay: 1 },
    { delayMsMin: 0 },
    { delayMsMax: 2 ** 31 },
    { restartsMax: -1 },
    { restartsMax: 1.5 },
    { random: 0.5 },
  ] as object[]) {
    const make = () => new Backoff(options)
    assert.throws(make, failure('INVALID_OPTION'), JSON.stringify(options))
  }
})
