import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { VARINT_BYTES_MAX, VarintReader, writeVarint } from '../../src/wire/varint.js'

const integers = fc.oneof(
  fc.maxSafeNat(),
  fc.nat({ max: 300 }),
  fc.integer({ min: 0, max: 53 }).map((exponent) => 2 ** exponent - 1),
  fc.integer({ min: 0, max: 52 }).map((exponent) => 2 ** exponent),
)

function encoded(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * VARINT_BYTES_MAX)
  let at = 0
  for (const value of values) at = writeVarint(bytes, at, value)
  return bytes.subarray(0, at)
}

test('integers up to 2^53 - 1 are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(integers), (values) => {
      const reader = new VarintReader(encoded(values))
      const read: number[] = []
      while (!reader.done) read.push(reader.next())
      assert.deepEqual(read, values)
    }),
    { seed: 30, numRuns: 2_000 },
  )
})

test('the bytes are those of LEB128', () => {
  assert.deepEqual([...encoded([0])], [0])
  assert.deepEqual([...encoded([127])], [127])
  assert.deepEqual([...encoded([128])], [0x80, 1])
  assert.deepEqual([...encoded([624485])], [0xe5, 0x8e, 0x26])
  const largest = encoded([Number.MAX_SAFE_INTEGER])
  assert.deepEqual([...largest], [255, 255, 255, 255, 255, 255, 255, 15])
})

test('a number that ends too soon, is 2^53 or more, or never ends, is NaN', () => {
  const broken = [
    [0x80],
    [0xff, 0xff],
    [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 16],
    [255, 255, 255, 255, 255, 255, 255, 127],
    [128, 128, 128, 128, 128, 128, 128, 128, 1],
    new Array(100).fill(255),
    [],
  ]
  for (const bytes of broken) {
    assert.ok(Number.isNaN(new VarintReader(Uint8Array.from(bytes)).next()), `${bytes}`)
  }
})
