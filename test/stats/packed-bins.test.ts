import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { addPackedBins, packBins, unpackBins } from '../../src/stats/packed-bins.js'

const { ownBin, binCount, bucketOfBin, bounds } = DEFAULT_LAYOUT

/** Counts of few bins, whose sum is a safe integer. */
const drawnBins = fc
  .array(
    fc.record({
      bin: fc.nat({ max: binCount - 1 }),
      count: fc.oneof(
        fc.nat({ max: 300 }),
        fc.integer({ min: 0, max: 45 }).map((exponent) => 2 ** exponent),
        fc.integer({ min: 0, max: 45 }).map((exponent) => 2 ** exponent - 1),
      ),
    }),
    { maxLength: 60 },
  )
  .map((drawn) => {
    const counts = new Float64Array(binCount)
    for (const { bin, count } of drawn) counts[bin] = count
    return counts
  })

/** The result of adding bytes to zero counts, and those counts. */
function read(bytes: readonly number[]) {
  const counts = new Float64Array(binCount)
  const rows = addPackedBins(counts, Uint8Array.from(bytes), ownBin)
  return { rows, counts: [...counts.entries()].filter(([, count]) => count !== 0) }
}

test('bins are unpacked as they were packed', () => {
  fc.assert(
    fc.property(drawnBins, (counts) => {
      assert.deepEqual(unpackBins(packBins(counts), DEFAULT_LAYOUT), counts)
    }),
    { seed: 30, numRuns: 2_000 },
  )
})

test('packed bins are added to existing counts, bin by bin or bucket by bucket', () => {
  fc.assert(
    fc.property(drawnBins, drawnBins, (left, right) => {
      const sum = left.slice()
      const buckets = new Float64Array(bounds.length + 1)
      const rows = right.reduce((all, count) => all + count, 0)
      assert.equal(addPackedBins(sum, packBins(right), ownBin), rows)
      assert.deepEqual(
        sum,
        left.map((count, bin) => count + right[bin]),
      )
      assert.equal(addPackedBins(buckets, packBins(right), bucketOfBin), rows)
      const expected = new Float64Array(bounds.length + 1)
      for (const [bin, count] of right.entries()) expected[bucketOfBin[bin]] += count
      assert.deepEqual(buckets, expected)
    }),
    { seed: 31, numRuns: 500 },
  )
})

test('the bytes are LEB128, with zero before the number of bins that are skipped', () => {
  const counts = new Float64Array(binCount)
  assert.deepEqual([...packBins(counts)], [])
  counts[0] = 127
  assert.deepEqual([...packBins(counts)], [127])
  counts[1] = 128
  counts[3] = 624_485
  assert.deepEqual([...packBins(counts)], [127, 0x80, 1, 0, 1, 0xe5, 0x8e, 0x26])
  counts.fill(0)
  counts[binCount - 1] = Number.MAX_SAFE_INTEGER
  const passed = [0, ((binCount - 1) & 0x7f) | 0x80, (binCount - 1) >> 7]
  assert.deepEqual([...packBins(counts)], [...passed, 255, 255, 255, 255, 255, 255, 255, 15])
})

test('bytes that are not packed bins of the layout give NaN', () => {
  const last = [((binCount - 1) & 0x7f) | 0x80, (binCount - 1) >> 7]
  assert.deepEqual(read([0, ...last, 5]), { rows: 5, counts: [[binCount - 1, 5]] })
  const broken = [
    [0x80],
    [0xff, 0xff],
    [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 16],
    [255, 255, 255, 255, 255, 255, 255, 127],
    [128, 128, 128, 128, 128, 128, 128, 128, 1],
    new Array(100).fill(255),
    [3, 0],
    [0, 0],
    [0, 0, 1],
    [0, ...last, 5, 5],
    [0, 255, 255, 255, 255, 255, 255, 255, 15, 1],
    [255, 255, 255, 255, 255, 255, 255, 15, 1],
  ]
  for (const bytes of broken) assert.ok(Number.isNaN(read(bytes).rows), `${bytes}`)
})
