import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  decodeAddressKey,
  decodeKey,
  type EntryKey,
  encodeAddressKey,
  encodeKey,
  VERSION_KEY,
} from '../../src/nats/entry-key.js'
import { isInstance } from '../../src/source-identity.js'

/** Valid keys of NATS; a dot may neither begin nor end a key. */
const VALID = /^[-/=\w]+(?:\.[-/=\w]+)*$/

const instances = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
    fc.string({
      unit: fc.constantFrom('.', '=', '*', '>', ' ', ':', '/', '_', '-', 'é', 'A', '4'),
    }),
  )
  .filter(isInstance)
const keys: fc.Arbitrary<EntryKey> = fc
  .record({
    instance: instances,
    engine: fc.maxSafeNat(),
    last: fc.oneof(fc.integer({ min: 1, max: 2 ** 53 - 1 }), fc.constantFrom('folded', 'rows')),
  })
  .map(({ instance, engine, last }) =>
    typeof last === 'number'
      ? { kind: 'incarnation', instance, engine, incarnation: last }
      : { kind: last, instance, engine },
  )

test('every key is valid in NATS, and can be decoded', () => {
  fc.assert(
    fc.property(keys, (key) => {
      const text = encodeKey(key)
      assert.match(text, VALID)
      assert.equal(text.split('.').length, 3)
      assert.deepEqual(decodeKey(text), key)
    }),
    { seed: 1, numRuns: 2_000 },
  )
})

test('the key of an address is valid in NATS, and not a key of an engine', () => {
  fc.assert(
    fc.property(instances, (instance) => {
      const text = encodeAddressKey({ kind: 'address', instance })
      assert.match(text, VALID)
      assert.deepEqual(decodeAddressKey(text), { kind: 'address', instance })
      assert.equal(decodeKey(text), undefined)
    }),
    { seed: 4, numRuns: 1_000 },
  )
  for (const text of [
    VERSION_KEY,
    '',
    'address',
    '.address',
    'a.address.1',
    'a.0.1',
    '=41.address',
  ]) {
    assert.equal(decodeAddressKey(text), undefined, text)
  }
})

test('no two keys have the same text', () => {
  fc.assert(
    fc.property(keys, keys, (left, right) => {
      const isSame = JSON.stringify(left) === JSON.stringify(right)
      assert.equal(encodeKey(left) === encodeKey(right), isSame)
    }),
    { seed: 2, numRuns: 2_000 },
  )
})

test('each key has only one text', () => {
  const parts = fc.string({
    unit: fc.constantFrom('=', '4', '1', 'C', 'c', '3', 'A', '9', 'a', '_'),
  })
  const numbers = fc.oneof(
    fc.nat().map(String),
    fc.constantFrom('', '0', '00', '-1', '1.', '+1', '1e3', '0x1', ' 1', '9007199254740992'),
  )
  fc.assert(
    fc.property(parts, numbers, fc.oneof(numbers, fc.constant('folded')), (instance, one, two) => {
      const text = `${instance}.${one}.${two}`
      const key = decodeKey(text)
      if (key !== undefined) assert.equal(encodeKey(key), text)
    }),
    { seed: 3, numRuns: 5_000 },
  )
})

test('other texts are not keys', () => {
  const others = [VERSION_KEY, '', 'a', 'a.1', 'a.1.0', '.1.1', 'a.b.1', 'a.1.1.1', 'a.1.Folded']
  // An escape of a letter, a truncated escape, and bytes that are not UTF-8.
  for (const text of [...others, '=41.1.1', 'a=.1.1', 'a=4.1.1', '=FF.1.1', 'a=2e.1.1']) {
    assert.equal(decodeKey(text), undefined, text)
  }
  assert.equal(encodeKey({ kind: 'folded', instance: 'a.b:1', engine: 2 }), 'a=2Eb=3A1.2.folded')
})
