import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_LAYOUT } from '../../src/stats/cell-layout.js'
import { addPackedCells, packCells, unpackCells } from '../../src/stats/packed-cells.js'

const { slots, slotCount, bucketOfSlot, bounds } = DEFAULT_LAYOUT

/** Counts of few slots, whose sum is a safe integer. */
const cells = fc
  .array(
    fc.record({
      slot: fc.nat({ max: slotCount - 1 }),
      count: fc.oneof(
        fc.nat({ max: 300 }),
        fc.integer({ min: 0, max: 45 }).map((exponent) => 2 ** exponent),
        fc.integer({ min: 0, max: 45 }).map((exponent) => 2 ** exponent - 1),
      ),
    }),
    { maxLength: 60 },
  )
  .map((drawn) => {
    const counts = new Float64Array(slotCount)
    for (const { slot, count } of drawn) counts[slot] = count
    return counts
  })

/** What adding bytes to nothing answers, and leaves. */
function read(bytes: readonly number[]) {
  const counts = new Float64Array(slotCount)
  const rows = addPackedCells(counts, Uint8Array.from(bytes), slots)
  return { rows, counts: [...counts.entries()].filter(([, count]) => count !== 0) }
}

test('cells are unpacked as they were packed', () => {
  fc.assert(
    fc.property(cells, (counts) => {
      assert.deepEqual(unpackCells(packCells(counts), DEFAULT_LAYOUT), counts)
    }),
    { seed: 30, numRuns: 2_000 },
  )
})

test('packed cells are added to what is there, slot by slot or bucket by bucket', () => {
  fc.assert(
    fc.property(cells, cells, (left, right) => {
      const sum = left.slice()
      const buckets = new Float64Array(bounds.length + 1)
      const rows = right.reduce((all, count) => all + count, 0)
      assert.equal(addPackedCells(sum, packCells(right), slots), rows)
      assert.deepEqual(
        sum,
        left.map((count, slot) => count + right[slot]),
      )
      assert.equal(addPackedCells(buckets, packCells(right), bucketOfSlot), rows)
      const expected = new Float64Array(bounds.length + 1)
      for (const [slot, count] of right.entries()) expected[bucketOfSlot[slot]] += count
      assert.deepEqual(buckets, expected)
    }),
    { seed: 31, numRuns: 500 },
  )
})

test('the bytes are LEB128, with zero before the number of slots passed over', () => {
  const counts = new Float64Array(slotCount)
  assert.deepEqual([...packCells(counts)], [])
  counts[0] = 127
  assert.deepEqual([...packCells(counts)], [127])
  counts[1] = 128
  counts[3] = 624_485
  assert.deepEqual([...packCells(counts)], [127, 0x80, 1, 0, 1, 0xe5, 0x8e, 0x26])
  counts.fill(0)
  counts[slotCount - 1] = Number.MAX_SAFE_INTEGER
  const passed = [0, ((slotCount - 1) & 0x7f) | 0x80, (slotCount - 1) >> 7]
  assert.deepEqual([...packCells(counts)], [...passed, 255, 255, 255, 255, 255, 255, 255, 15])
})

test('bytes that are no packed cells of the layout answer NaN', () => {
  const last = [((slotCount - 1) & 0x7f) | 0x80, (slotCount - 1) >> 7]
  assert.deepEqual(read([0, ...last, 5]), { rows: 5, counts: [[slotCount - 1, 5]] })
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
