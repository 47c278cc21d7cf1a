import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { growthOfBins } from '../../src/stats/growth-of-bins.js'
import { packBins, unpackBins } from '../../src/stats/packed-bins.js'

const { binCount } = DEFAULT_LAYOUT
/** One byte, several, and the largest sums that are exact. */
const count = fc.oneof(
  fc.nat({ max: 3 }),
  fc.integer({ min: 100, max: 300 }),
  fc.integer({ min: 0, max: 45 }).map((exponent) => 2 ** exponent),
)
/** Neighbours and gaps, the first bin and the last. */
const bin = fc.oneof(fc.nat({ max: 12 }), fc.nat({ max: binCount - 1 }), fc.constant(binCount - 1))
const counts = fc.array(fc.tuple(bin, count), { maxLength: 80 }).map((drawn) => {
  const bins = new Float64Array(binCount)
  for (const [index, value] of drawn) bins[index] = value
  return bins
})

test('the growth of bins is the difference of each of them', () => {
  fc.assert(
    fc.property(counts, counts, (earlier, growth) => {
      const later = earlier.map((before, index) => before + growth[index])
      const grown = growthOfBins(packBins(later), packBins(earlier))
      assert.deepEqual(unpackBins(grown, DEFAULT_LAYOUT), growth)
      assert.deepEqual(grown, packBins(growth))
    }),
    { seed: 31, numRuns: 3_000 },
  )
})

test('a bin with fewer rows than before has not grown', () => {
  fc.assert(
    fc.property(counts, counts, (later, earlier) => {
      const expected = later.map((now, index) => Math.max(0, now - earlier[index]))
      assert.deepEqual(growthOfBins(packBins(later), packBins(earlier)), packBins(expected))
    }),
    { seed: 32, numRuns: 3_000 },
  )
})
