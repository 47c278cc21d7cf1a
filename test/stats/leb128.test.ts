import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NUMBER_BYTES_MAX, NUMBER_MAX, NumberReader, writeNumber } from '../../src/stats/leb128.js'

const numbers = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.integer({ min: 0, max: 69 }).map((exponent) => 2 ** exponent),
  fc.integer({ min: 1, max: 53 }).map((exponent) => 2 ** exponent - 1),
  fc.double({ min: 0, max: NUMBER_MAX, noNaN: true }).map(Math.floor),
)

/** The bytes of a number by its bits, as the specification defines them. */
function encodeByBits(value: number): number[] {
  const bytes: number[] = []
  let rest = BigInt(value)
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0))
    rest >>= 7n
  } while (rest > 0n)
  return bytes
}

function encode(value: number): number[] {
  const bytes = new Uint8Array(NUMBER_BYTES_MAX + 4)
  return [...bytes.subarray(0, writeNumber(bytes, 0, value))]
}

test('a number is written as the specification says, and read as it was', () => {
  fc.assert(
    fc.property(fc.array(numbers, { maxLength: 20 }), (all) => {
      const bytes = new Uint8Array(all.length * NUMBER_BYTES_MAX)
      let at = 0
      for (const value of all) at = writeNumber(bytes, at, value)
      assert.deepEqual([...bytes.subarray(0, at)], all.flatMap(encodeByBits))
      const reader = new NumberReader(bytes.subarray(0, at))
      for (const value of all) {
        assert.equal(reader.isAtEnd, false)
        assert.equal(reader.next(), value)
      }
      assert.equal(reader.isAtEnd, true)
    }),
    { seed: 21, numRuns: 2_000 },
  )
})

test('the known encodings of the specification', () => {
  assert.deepEqual(encode(2), [2])
  assert.deepEqual(encode(127), [127])
  assert.deepEqual(encode(128), [0x80, 1])
  assert.deepEqual(encode(12_857), [0x80 + 57, 100])
})

test('a number past the largest takes no more bytes and is read as the largest', () => {
  for (const value of [2 ** 70, 2 ** 71, 1e300, Number.POSITIVE_INFINITY]) {
    const bytes = encode(value)
    assert.ok(bytes.length <= NUMBER_BYTES_MAX)
    assert.equal(new NumberReader(Uint8Array.from(bytes)).next(), NUMBER_MAX)
  }
})

test('bytes that end within a number, and numbers of too many bytes, are NaN', () => {
  assert.ok(Number.isNaN(new NumberReader().next()))
  for (const bytes of [[0x80], [0xff, 0xff], new Array(NUMBER_BYTES_MAX + 1).fill(0x80)]) {
    const reader = new NumberReader(Uint8Array.from(bytes))
    assert.ok(Number.isNaN(reader.next()), String(bytes))
    assert.ok(reader.at <= bytes.length)
  }
})

test('a reader that is given other bytes begins with them', () => {
  const reader = new NumberReader(Uint8Array.of(1, 2))
  reader.next()
  reader.reset(Uint8Array.of(7))
  assert.equal(reader.next(), 7)
  assert.equal(reader.isAtEnd, true)
})
