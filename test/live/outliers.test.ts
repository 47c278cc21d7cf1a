import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SLOT_MS } from '../../src/live/live-history.js'
import type { LiveInterval } from '../../src/live/live-interval.js'
import { ViewBuilder } from '../../src/live/live-view.js'
import { isOutlier, ratiosToOthers } from '../../src/live/outliers.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { intervalOf } from '../support/generators/live-intervals.js'

const START_MS = 1_700_000_000_000
const FAST = 0.005
const SLOW = 0.5

function newBuilder(filter = {}): ViewBuilder {
  return new ViewBuilder(DEFAULT_LAYOUT.bounds, { window: '5m', ...filter })
}

/** An interval per slot, in which engine 3 has the given duration, or records nothing. */
function slotsOf(durations: readonly (number | undefined)[]): LiveInterval[] {
  return durations.map((seconds, slot) => {
    const fromMs = START_MS + slot * SLOT_MS
    const others = ['0', '1', '2'].map((source) => ({ source, seconds: FAST, rows: 100 }))
    const slow = seconds === undefined ? [] : [{ source: '3', seconds, rows: 100 }]
    return intervalOf(fromMs, fromMs + SLOT_MS, [...others, ...slow])
  })
}

function outliersIn(builder: ViewBuilder, intervals: readonly LiveInterval[]) {
  const timestampMs = intervals.at(-1)?.toMs ?? START_MS
  const { engines } = builder.build(intervals, { timestampMs, engines: [], rejections: {} })
  return engines.flatMap(({ source, outlier }) =>
    outlier === undefined ? [] : [{ source, outlier }],
  )
}

test('a ratio is to the median of the others', () => {
  const ratios = ratiosToOthers(
    new Map([
      ['a', 1],
      ['b', 2],
      ['c', 4],
      ['d', 100],
    ]),
  )
  assert.deepEqual(
    Array.from(ratios, ([source, { ratio, medianSeconds }]) => [source, ratio, medianSeconds]),
    [
      ['a', 1 / 4, 4],
      ['b', 2 / 4, 4],
      ['c', 4 / 2, 2],
      ['d', 100 / 2, 2],
    ],
  )
  const even = ratiosToOthers(
    new Map([...['a', 'b', 'c'].entries()].map(([at, name]) => [name, at + 1])),
  )
  assert.equal(even.get('c')?.medianSeconds, 1.5)
  assert.equal(ratiosToOthers(new Map([['a', 1]])).size, 0)
  const zero = ratiosToOthers(new Map(Object.entries({ a: 0, b: 0, c: 1 })))
  assert.deepEqual([zero.get('a')?.ratio, zero.get('c')?.ratio], [0, Number.POSITIVE_INFINITY])
  const zeros = ratiosToOthers(new Map(Object.entries({ a: 0, b: 0 })))
  assert.equal(zeros.get('a')?.ratio, 1)
})

test('an engine is an outlier above three times the median of the others and ten milliseconds', () => {
  assert.equal(isOutlier(0.031, 0.01), true)
  assert.equal(isOutlier(0.03, 0.01), false)
  assert.equal(isOutlier(0.01, 0.001), false)
  assert.equal(isOutlier(0.011, 0.001), true)
})

test('an engine is an outlier since its p99 of each slot is above the limit', () => {
  const intervals = slotsOf([SLOW, FAST, FAST, SLOW, SLOW, SLOW])
  const [found, ...others] = outliersIn(newBuilder(), intervals)
  assert.deepEqual(others, [])
  assert.equal(found?.source, '3')
  assert.equal(found?.outlier.sinceMs, START_MS + 3 * SLOT_MS)
  // The middles of bins are within 1.6 %.
  assert.ok(Math.abs((found?.outlier.ratio ?? 0) * FAST - SLOW) < 0.033 * SLOW)
})

test('an engine that has recovered is no outlier, for any builder', () => {
  const intervals = slotsOf([FAST, SLOW, SLOW, SLOW, FAST, FAST])
  const followed = newBuilder()
  for (let count = 1; count <= intervals.length; count++) {
    const shown = outliersIn(followed, intervals.slice(0, count))
    assert.deepEqual(shown, outliersIn(newBuilder(), intervals.slice(0, count)), `${count} slots`)
    // The slot after the first fast one may have begun a moment ago.
    const isSlow = count >= 2 && count <= 5
    assert.deepEqual(
      shown.map(({ source, outlier }) => [source, (outlier.sinceMs - START_MS) / SLOT_MS]),
      isSlow ? [['3', 1]] : [],
      `${count} slots`,
    )
  }
})

test('an engine that records nothing for a minute is no outlier', () => {
  const quiet = (slots: number) => [SLOW, ...new Array<undefined>(slots).fill(undefined)]
  assert.equal(outliersIn(newBuilder(), slotsOf(quiet(11))).length, 1)
  assert.equal(outliersIn(newBuilder(), slotsOf(quiet(12))).length, 0)
})

test('an outlier in the whole window is one since the start of the window', () => {
  const intervals = slotsOf(new Array(10).fill(SLOW))
  assert.equal(outliersIn(newBuilder(), intervals)[0]?.outlier.sinceMs, START_MS)
})

test('a slot in which it recorded nothing does not end its time as an outlier', () => {
  const intervals = slotsOf([FAST, SLOW, undefined, SLOW])
  assert.equal(outliersIn(newBuilder(), intervals)[0]?.outlier.sinceMs, START_MS + SLOT_MS)
})

test('the start of an outlier is kept when the window has moved past it', () => {
  const builder = newBuilder({ window: '1m' })
  const intervals = slotsOf(new Array(40).fill(SLOW))
  for (let count = 1; count <= intervals.length; count++) {
    const [found] = outliersIn(builder, intervals.slice(0, count))
    assert.equal(found?.outlier.sinceMs, START_MS)
  }
})

test('outliers have separate starts, and a filter has its own outliers', () => {
  const intervals = Array.from({ length: 6 }, (_, slot) => {
    const fromMs = START_MS + slot * SLOT_MS
    const rows = ['0', '1', '2', '3', '4'].map((source) => ({ source, seconds: FAST, rows: 50 }))
    return intervalOf(fromMs, fromMs + SLOT_MS, [
      ...rows,
      { source: '5', seconds: slot >= 2 ? SLOW : FAST, rows: 50, operation: 'load_get' },
      { source: '6', seconds: slot >= 4 ? SLOW : FAST, rows: 50, operation: 'save_put' },
      { source: '6', seconds: FAST, rows: 50 },
    ])
  })
  const found = (filter: object) =>
    outliersIn(newBuilder(filter), intervals).map(({ source, outlier }) => [
      source,
      (outlier.sinceMs - START_MS) / SLOT_MS,
    ])
  assert.deepEqual(found({}), [
    ['5', 2],
    ['6', 4],
  ])
  assert.deepEqual(found({ operation: 'load_get' }), [['5', 2]])
})

test('an engine that becomes an outlier again has a new start', () => {
  const builder = newBuilder({ window: '1m' })
  const intervals = slotsOf([
    ...new Array(6).fill(SLOW),
    ...new Array(20).fill(FAST),
    ...new Array(4).fill(SLOW),
  ])
  const begins: (number | undefined)[] = []
  for (let count = 1; count <= intervals.length; count++) {
    const [found] = outliersIn(builder, intervals.slice(0, count))
    begins.push(found && (found.outlier.sinceMs - START_MS) / SLOT_MS)
  }
  assert.deepEqual([begins[0], begins[5], begins[24], begins.at(-1)], [0, 0, undefined, 26])
})
