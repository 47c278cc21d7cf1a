import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mergeIntervals } from '../../src/live/merge-intervals.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { durations } from '../support/generators/arbitraries.js'
import { countsIn, intervalOf } from '../support/generators/live-intervals.js'

/** Few names, some of which end and begin with the same characters. */
const words = fc.constantFrom('a', 'a\0b', 'b\0c', 'c', '', '\0', '__proto__', '1 a')
const count = fc.nat({ max: 2 ** 40 })
const rows = fc.record({
  source: fc.constantFrom('0', '1', 'host/1', 'other'),
  operation: words,
  status: words,
  seconds: durations,
  rows: fc.integer({ min: 1, max: 1_000 }),
  numKeys: count,
  numBytes: count,
  numFailedKeys: count,
})

test('merged intervals have the sums of all of them, series by series', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(rows, { maxLength: 10 }), { minLength: 1, maxLength: 5 }),
      (all) => {
        const parts = all.map((group, index) => intervalOf(index * 10, index * 10 + 9, group))
        const merged = mergeIntervals(DEFAULT_LAYOUT, parts)
        assert.deepEqual(countsIn([merged]), countsIn(parts))
        assert.deepEqual([merged.fromMs, merged.toMs], [0, all.length * 10 - 1])
      },
    ),
    { seed: 72, numRuns: 500 },
  )
})

test('restarts and rejections are added up, and left out without any', () => {
  const restarts = new Map([['0', 1]])
  const parts = [
    { ...intervalOf(0, 1, []), restarts },
    { ...intervalOf(1, 2, []), restarts, rejections: new Map([['bounds', 3]]) },
    { ...intervalOf(2, 3, []), restarts: new Map([['1', 4]]) },
  ]
  const merged = mergeIntervals(DEFAULT_LAYOUT, parts)
  assert.deepEqual(
    [...(merged.restarts ?? [])],
    [
      ['0', 2],
      ['1', 4],
    ],
  )
  assert.deepEqual([...(merged.rejections ?? [])], [['bounds', 3]])
  assert.ok(!('restarts' in mergeIntervals(DEFAULT_LAYOUT, [intervalOf(0, 1, [])])))
})

test('merging merged intervals is merging all of them', () => {
  const group = fc.array(rows, { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(group, group, group, (...groups) => {
      const [a, b, c] = groups.map((one, index) => intervalOf(index, index + 1, one))
      assert.ok(a !== undefined && b !== undefined && c !== undefined)
      const merge = (...parts: (typeof a)[]) => mergeIntervals(DEFAULT_LAYOUT, parts)
      assert.deepEqual(countsIn([merge(merge(a, b), c)]), countsIn([merge(a, merge(b, c))]))
    }),
    { seed: 73, numRuns: 200 },
  )
})

test('an interval of malformed bytes is merged up to them', () => {
  const good = intervalOf(0, 1, [{ seconds: 1 }])
  const cut = { ...good, series: good.series.subarray(0, good.series.length - 1) }
  const merged = mergeIntervals(DEFAULT_LAYOUT, [cut, { ...good, fromMs: 1, toMs: 2 }])
  assert.deepEqual(countsIn([merged]), countsIn([good]))
})
