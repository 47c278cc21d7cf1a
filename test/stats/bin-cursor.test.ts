import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BINS_END, BinCursor } from '../../src/stats/bin-cursor.js'
import { BINS_MAX, DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { growthOfBins } from '../../src/stats/growth-of-bins.js'
import { packBins } from '../../src/stats/packed-bins.js'

const { binCount } = DEFAULT_LAYOUT
/** A skipped number of more than 70 bits, and a count after it. */
const LONG_SKIP = Uint8Array.of(0, ...new Array<number>(10).fill(0x80), 5, 5)

/** Every bin that a cursor reads; it must end by itself. */
function readAll(packed: Uint8Array): [bin: number, count: number][] {
  const cursor = new BinCursor()
  const read: [number, number][] = []
  for (cursor.reset(packed); cursor.bin !== BINS_END; cursor.advance()) {
    read.push([cursor.bin, cursor.count])
    assert.ok(read.length <= packed.length, `no end: ${packed}`)
  }
  return read
}

test('a cursor reads the bins that have rows, in their order', () => {
  const drawn = fc.array(
    fc.tuple(fc.nat({ max: binCount - 1 }), fc.integer({ min: 1, max: 2 ** 45 })),
  )
  fc.assert(
    fc.property(drawn, (entries) => {
      const bins = new Float64Array(binCount)
      for (const [bin, count] of entries) bins[bin] = count
      const expected = [...bins.entries()].filter(([, count]) => count > 0)
      assert.deepEqual(readAll(packBins(bins)), expected)
    }),
    { seed: 22, numRuns: 1_000 },
  )
})

test('a cursor ends for any bytes, and reads no bin twice or past the last', () => {
  const bytes = fc.array(fc.oneof(fc.constantFrom(0, 1, 0x80, 0xff), fc.nat({ max: 255 })))
  fc.assert(
    fc.property(bytes, (drawn) => {
      const read = readAll(Uint8Array.from(drawn))
      for (const [index, [bin, count]] of read.entries()) {
        assert.ok(bin > (read[index - 1]?.[0] ?? -1) && bin < BINS_MAX && count > 0)
      }
    }),
    { seed: 23, numRuns: 5_000 },
  )
  assert.deepEqual(readAll(LONG_SKIP), [])
})

test('the growth of malformed bins is finite, and is valid packed bins', () => {
  const bytes = fc.array(fc.oneof(fc.constantFrom(0, 1, 0x80, 0xff), fc.nat({ max: 255 })))
  fc.assert(
    fc.property(bytes, bytes, (left, right) => {
      const grown = growthOfBins(Uint8Array.from(left), Uint8Array.from(right))
      for (const [bin] of readAll(grown)) assert.ok(bin < BINS_MAX)
    }),
    { seed: 24, numRuns: 5_000 },
  )
  assert.deepEqual([...growthOfBins(LONG_SKIP, LONG_SKIP)], [])
})
