import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DIGEST_BYTES, digestOf, newDigest, RecentKeys } from '../../src/payloads/recent-keys.js'

test('the newest keys are kept, up to a limit', () => {
  const keys = new RecentKeys({ keysMax: 3, keptKeysMs: 1e9 }, [['a', 1]])
  for (const [index, key] of ['b', 'c', 'd', 'e'].entries()) keys.add(key, 2 + index)
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e'].map((key) => keys.has(key)),
    [false, false, true, true, true],
  )
  assert.deepEqual(
    [...keys.entries],
    [
      ['c', 3],
      ['d', 4],
      ['e', 5],
    ],
  )
})

test('keys are known until their time has passed', () => {
  const keys = new RecentKeys({ keysMax: 9, keptKeysMs: 100 })
  keys.add('a', 0)
  keys.add('b', 50)
  keys.forgetOld(100)
  assert.deepEqual([keys.has('a'), keys.has('b')], [true, true])
  keys.forgetOld(101)
  assert.deepEqual([keys.has('a'), keys.has('b')], [false, true])
})

test('texts have different digests of one size', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 5 }), (texts) => {
      const digests = [...texts.map(digestOf), newDigest(), newDigest()]
      assert.equal(new Set(digests).size, digests.length)
      for (const digest of digests) assert.match(digest, /^[\0-\xff]*$/)
      for (const digest of digests) assert.equal(digest.length, DIGEST_BYTES)
    }),
    { seed: 1, numRuns: 100 },
  )
})
