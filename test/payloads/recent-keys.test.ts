import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  BODY_BYTES,
  DIGEST_BYTES,
  keyOf,
  newKey,
  NO_BODY,
  RecentKeys,
} from '../../src/payloads/recent-keys.js'

function make(digest: string, timeMs = 0, body = 'body') {
  return { digest, timeMs, body }
}

function known(keys: RecentKeys, digests: readonly string[]) {
  return digests.map((digest) => keys.compare(make(digest)))
}

test('the newest keys are kept, up to a limit', () => {
  const keys = new RecentKeys({ keysMax: 3, keptKeysMs: 1e9 }, [make('a', 1)])
  for (const [index, key] of ['b', 'c', 'd', 'e'].entries()) keys.add(make(key), 2 + index)
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e'].map((key) => keys.compare(make(key)) === 'same'),
    [false, false, true, true, true],
  )
  assert.deepEqual([...keys.entries], [make('c', 3), make('d', 4), make('e', 5)])
})

test('keys are known until their time has passed', () => {
  const keys = new RecentKeys({ keysMax: 9, keptKeysMs: 100 })
  keys.add(make('a'), 0)
  keys.add(make('b'), 50)
  keys.forgetOld(100)
  assert.deepEqual(known(keys, ['a', 'b']), ['same', 'same'])
  keys.forgetOld(101)
  assert.deepEqual(known(keys, ['a', 'b']), ['new', 'same'])
})

test('texts have different digests of one size', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 5 }), (texts) => {
      const keys = [...texts.map((text) => keyOf(text, new Uint8Array())), newKey(), newKey()]
      const digests = keys.map(({ digest }) => digest)
      assert.equal(new Set(digests).size, digests.length)
      for (const digest of digests) assert.match(digest, /^[\0-\xff]*$/)
      for (const digest of digests) assert.equal(digest.length, DIGEST_BYTES)
    }),
    { seed: 1, numRuns: 100 },
  )
})

test('a key is that of one payload, as far as the payload is known', () => {
  const keys = new RecentKeys({ keysMax: 9, keptKeysMs: 100 }, [make('b', 0, NO_BODY)])
  const [one, other] = [1, 2].map((byte) => keyOf('a', Uint8Array.of(byte)))
  assert.equal(one?.body.length, BODY_BYTES)
  assert.equal(keys.compare(one), 'new')
  keys.add(one, 0)
  assert.deepEqual(
    [one, other].map((key) => keys.compare(key)),
    ['same', 'other'],
  )
  assert.equal(keys.compare({ ...one, body: NO_BODY }), 'same')
  assert.deepEqual(known(keys, ['b']), ['same'])
})
