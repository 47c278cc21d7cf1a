import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Backoff } from '../../src/pool/backoff.js'
import { failure } from '../support/assertions/failures.js'

function delays(backoff: Backoff, count: number, ranMs = 0): (number | undefined)[] {
  return Array.from({ length: count }, () => backoff.next(ranMs))
}

test('delays double up to delayMsMax, and next returns undefined after restartsMax restarts', () => {
  const backoff = new Backoff({ delayMsMin: 10, delayMsMax: 70, restartsMax: 5, random: () => 0 })
  assert.deepEqual(delays(backoff, 7), [10, 20, 40, 70, 70, undefined, undefined])
})

test('an incarnation that ran for resetAfterMs resets the count of restarts', () => {
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

test('each delay is shortened by a random part of up to half of it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      (delayMsMin, delayMsMax, stream) => {
        const random = () => stream.next().value as number
        const backoff = new Backoff({ delayMsMin, delayMsMax, restartsMax: 2_000, random })
        for (const [index, delay] of delays(backoff, 1_100, -1).entries()) {
          const longest = Math.min(delayMsMax, delayMsMin * 2 ** index)
          assert.ok(delay !== undefined && delay >= longest / 2 && delay <= longest)
        }
      },
    ),
    { seed: 70, numRuns: 50 },
  )
})

test('restartsMax 0 disables restarts', () => {
  assert.equal(new Backoff({ restartsMax: 0 }).next(0), undefined)
})

test('unknown options and options out of range are refused', () => {
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
