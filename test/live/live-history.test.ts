import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HISTORY_MS, LiveHistory, RECENT_MS, SLOT_MS, slotOf } from '../../src/live/live-history.js'
import type { LiveInterval } from '../../src/live/live-interval.js'
import { mergeIntervals } from '../../src/live/merge-intervals.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { countsIn, intervalOf } from '../support/generators/live-intervals.js'

const START_MS = 1_700_000_000_000
const SECOND_MS = 1_000

function newHistory(bytesMax?: number): LiveHistory {
  return new LiveHistory({
    bytesMax,
    merge: (intervals) => mergeIntervals(DEFAULT_LAYOUT, intervals),
  })
}

/** Adds an interval with one row for each second. */
function fill(history: LiveHistory, seconds: number, fromMs = START_MS): LiveInterval[] {
  return Array.from({ length: seconds }, (_, second) => {
    const beginMs = fromMs + second * SECOND_MS
    const interval = intervalOf(beginMs, beginMs + SECOND_MS, [
      { seconds: 2 ** (second % 10), numBytes: second, source: String(second % 3) },
    ])
    history.add(interval)
    return interval
  })
}

test('intervals of the last minute are unmerged, and older ones are merged by slot', () => {
  const history = newHistory()
  const added = fill(history, 300)
  const { intervals } = history
  const lastMs = added.at(-1)?.toMs ?? 0
  const recent = intervals.filter(({ toMs }) => toMs > lastMs - RECENT_MS)
  assert.deepEqual(recent, added.slice(-recent.length))
  assert.ok(recent.every((interval) => added.includes(interval)))
  const merged = intervals.filter((interval) => !added.includes(interval))
  assert.deepEqual(new Set(merged.map(slotOf)).size, merged.length)
  for (const { fromMs, toMs } of merged) {
    assert.deepEqual([fromMs % SLOT_MS, toMs - fromMs], [0, SLOT_MS])
    assert.ok(toMs <= lastMs - RECENT_MS)
  }
  assert.ok(merged.length >= (300 - 60 - 5) / 5, String(merged.length))
})

test('merging changes no sum, and intervals ascend without gaps', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 150 }),
      fc.nat({ max: SLOT_MS }),
      (lengths, offset) => {
        const history = newHistory()
        const added: LiveInterval[] = []
        let atMs = START_MS + offset
        for (const [index, length] of lengths.entries()) {
          const rows = [{ seconds: 1, rows: index + 1, numBytes: index, source: String(index % 4) }]
          const interval = intervalOf(atMs, atMs + length, rows)
          added.push(interval)
          history.add(interval)
          atMs += length
        }
        const { intervals } = history
        for (const [index, { fromMs }] of intervals.entries()) {
          if (index > 0) assert.equal(fromMs, intervals[index - 1]?.toMs)
        }
        const keptFromMs = intervals[0]?.fromMs ?? 0
        const kept = added.filter(({ fromMs }) => fromMs >= keptFromMs)
        assert.deepEqual(countsIn(intervals), countsIn(kept))
        assert.ok(keptFromMs > atMs - HISTORY_MS - SLOT_MS - 9_000)
      },
    ),
    { seed: 74, numRuns: 200 },
  )
})

test('intervals are kept for 15 minutes', () => {
  const history = newHistory()
  fill(history, 2_000)
  const { intervals } = history
  const coveredMs = (intervals.at(-1)?.toMs ?? 0) - (intervals[0]?.fromMs ?? 0)
  assert.ok(coveredMs >= HISTORY_MS && coveredMs < HISTORY_MS + SLOT_MS, String(coveredMs))
})

test('past its maximum bytes, a history drops the oldest intervals, also of the last minute', () => {
  const bytesMax = 32 * 1_024
  const history = newHistory(bytesMax)
  for (let second = 0; second < 200; second++) {
    fill(history, 1, START_MS + second * SECOND_MS)
    assert.ok(history.bytes <= bytesMax)
  }
  const { intervals } = history
  assert.ok(intervals.length > 10 && intervals.length < 60, String(intervals.length))
  assert.equal(intervals.at(-1)?.toMs, START_MS + 200 * SECOND_MS)
})

test('the last interval is kept even if it exceeds the maximum bytes', () => {
  const history = newHistory(1)
  fill(history, 3)
  assert.deepEqual(
    history.intervals.map(({ toMs }) => toMs),
    [START_MS + 3 * SECOND_MS],
  )
})

test('engines and names count as bytes, and dropped intervals do not', () => {
  const history = newHistory()
  const few = intervalOf(START_MS, START_MS + 1, [{ seconds: 1 }])
  history.add(few)
  const before = history.bytes
  const sources = Array.from({ length: 1_000 }, (_, index) => `host-${index}/0`)
  history.add({ ...few, fromMs: START_MS + 1, toMs: START_MS + 2, sources })
  assert.ok(history.bytes - before > 20 * sources.length)
  history.clear()
  assert.deepEqual([history.bytes, history.intervals], [0, []])
  fill(history, 2_000)
  const { intervals, bytes } = history
  history.clear()
  // These intervals are merged already, so they are kept.
  for (const interval of intervals) history.add(interval)
  assert.equal(history.bytes, bytes)
})
