import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pack, splitValues, unpack } from '../../src/wire/msgpack.js'
import { failure } from '../support/assertions/failures.js'

test('maps are decoded as `Map`, so that no key is special', () => {
  const map = new Map<string, unknown>([
    ['__proto__', 1],
    ['constructor', 'two'],
  ])
  assert.deepEqual(unpack(Buffer.from(pack(map))), map)
})

test('packed bytes own their memory', () => {
  const [first, second] = [pack([1]), pack([2])]
  assert.equal(first.buffer.byteLength, first.length)
  assert.notEqual(first.buffer, second.buffer)
})

test('concatenated values are split into views of the bytes', () => {
  const values = [pack({ a: 1 }), pack('two'), pack([3, [4]])].map((value) => Buffer.from(value))
  const bytes = Buffer.concat(values)
  const split = [...splitValues(bytes)]
  assert.deepEqual(split.map(unpack), values.map(unpack))
  assert.ok(split.every(({ buffer }) => buffer === bytes.buffer))
})

test('several values of which the last is truncated are rejected as truncated', () => {
  const bytes = Buffer.concat([pack({ a: 1 }), pack('a string')])
  const refused = failure('INVALID_PAYLOAD', 'truncated')
  assert.throws(() => [...splitValues(bytes.subarray(0, -1))], refused)
})
