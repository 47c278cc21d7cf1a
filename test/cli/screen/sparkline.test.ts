import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sparklineFromZero, timeAxis, valuesOn } from '../../../src/cli/screen/sparkline.js'
import type { TimelinePoint } from '../../../src/live/timeline.js'

/** Points of a second each, from this second on; only the times matter. */
function points(fromSecond: number, count: number): TimelinePoint[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ fromMs: (fromSecond + index) * 1_000, toMs: (fromSecond + index + 1) * 1_000 },
  })) as unknown as TimelinePoint[]
}

test('the newest point is in the last column, and a window that is not full begins further right', () => {
  const axis = timeAxis(points(50, 3), 10_000, 10)
  assert.deepEqual(valuesOn(axis, [1, 2, 4], 'mean'), [...new Array(7).fill(undefined), 1, 2, 4])
  assert.equal(sparklineFromZero(valuesOn(axis, [0, 2, 4], 'mean')), '       ▁▄▇')
})

test('points of one column become their mean or their maximum', () => {
  const axis = timeAxis(points(40, 4), 10_000, 5)
  assert.deepEqual(valuesOn(axis, [1, 3, 5, undefined], 'mean').slice(3), [2, 5])
  assert.deepEqual(valuesOn(axis, [1, 3, 5, undefined], 'max').slice(3), [3, 5])
})

test('a point fills all columns of its time', () => {
  const axis = timeAxis(points(8, 2), 2_000, 6)
  assert.deepEqual(valuesOn(axis, [1, 2], 'mean'), [1, 1, 1, 2, 2, 2])
})

test('a column keeps its points when further ones are added', () => {
  const all = points(1_000, 60)
  const values = all.map((_, index) => index)
  for (let count = 30; count < 60; count++) {
    const earlier = valuesOn(timeAxis(all.slice(0, count), 60_000, 7), values, 'mean')
    const later = valuesOn(timeAxis(all.slice(0, count + 1), 60_000, 7), values, 'mean')
    // The last column may still grow; those before it only move.
    const complete = earlier.slice(1, -1)
    const isMoved = later.slice(0, -2).join() === complete.join()
    assert.ok(isMoved || later.slice(1, -1).join() === complete.join(), `${earlier} ${later}`)
  }
})

test('missing values and zeros are drawn without a failure', () => {
  assert.equal(sparklineFromZero([undefined, undefined]), '  ')
  assert.equal(sparklineFromZero([0, 0]), '▁▁')
  assert.deepEqual(valuesOn(timeAxis([], 60_000, 3), [], 'max'), new Array(3).fill(undefined))
})
