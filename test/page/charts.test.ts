import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HEAT_ROWS } from '../../src/live/heat-scale.js'
import type { TimelinePoint } from '../../src/live/timeline.js'
import { chartColumns, columnOf, heatExtent, rateOf } from '../../src/page/charts/chart-data.js'
import { COLOURS, colourIndex, colourScale } from '../../src/page/charts/colour-scale.js'
import { logRange, logTicks } from '../../src/page/charts/log-scale.js'

function point(fromMs: number, toMs: number, rows = 10): TimelinePoint {
  return {
    ...{ fromMs, toMs, rows, numKeys: rows, numBytes: 0, numFailedKeys: 0 },
    ...{ p50: 1, p90: undefined, p99: 3 },
    heat: new Float64Array(HEAT_ROWS),
    rowsByOperation: new Map(),
    rowsBySource: new Map(),
  }
}

test('points are at the middle of their interval, and missing time is a gap', () => {
  const columns = chartColumns([point(0, 1_000), point(1_000, 2_000), point(9_000, 10_000)])
  assert.deepEqual(columns.times, [0.5, 1.5, 5.5, 9.5])
  assert.deepEqual(columnOf(columns, rateOf), [10, 10, null, 10])
  assert.deepEqual(
    columnOf(columns, ({ p90 }) => p90),
    [null, null, null, null],
  )
})

test('a rate of zero is a point, not a gap', () => {
  assert.deepEqual(columnOf(chartColumns([point(0, 1_000, 0)]), rateOf), [0])
})

test('a heat map has the extent of its cells, per second', () => {
  const [one, other] = [point(0, 1_000), point(1_000, 6_000)]
  one.heat[40] = 3
  other.heat[44] = 5
  assert.deepEqual(heatExtent([one, other]), { first: 40, last: 44, min: 1, max: 3 })
  assert.equal(heatExtent([point(0, 1_000)]), undefined)
})

test('a logarithmic axis starts and ends at a step, and contains the values', () => {
  const duration = fc.double({ min: 1e-9, max: 1e4, noNaN: true })
  const property = fc.property(duration, duration, (one, other) => {
    const [min, max] = [Math.min(one, other), Math.max(one, other)]
    const [from, to] = logRange(min, max)
    assert.ok(from <= min * 1.000001 && to >= max * 0.999999)
    assert.ok(to / from >= 7.99)
    for (const edge of [from, to]) assert.match(edge.toExponential(6), /^[125]\.000000e/)
    const ticks = logTicks(from, to)
    assert.ok(ticks.length >= 2 && ticks.length <= 16, ticks.join())
  })
  fc.assert(property)
})

test('a range that starts and ends at steps does not change, despite rounding', () => {
  for (let decade = -9; decade < 4; decade++) {
    for (const step of [1, 2, 5]) {
      const [from, to] = [Number(`${step}e${decade}`), Number(`${step}e${decade + 1}`)]
      assert.deepEqual(logRange(from, to), [from, to])
      const ticks = logTicks(from, to)
      assert.deepEqual([ticks.length, ticks[0], ticks.at(-1)], [4, from, to])
    }
  }
})

test('labels of a logarithmic axis are at 1, 2 and 5, or only at 1 on a long axis', () => {
  assert.deepEqual(logTicks(0.01, 0.2), [0.01, 0.02, 0.05, 0.1, 0.2])
  assert.deepEqual(logTicks(1e-4, 1), [1e-4, 1e-3, 1e-2, 0.1, 1])
})

test('the lightness of colours changes evenly, so that they differ without hues', () => {
  for (const isDark of [true, false]) {
    const lightness = colourScale(isDark).map(luminanceOf)
    assert.equal(lightness.length, COLOURS)
    const steps = lightness.slice(1).map((value, index) => value - (lightness[index] ?? 0))
    assert.ok(
      steps.every((step) => (isDark ? step > 0 : step < 0)),
      `dark: ${isDark}`,
    )
  }
})

test('a colour depends on the logarithm of the value', () => {
  assert.deepEqual(
    [1, 10, 100, 1_000].map((value) => colourIndex(value, 1, 100)),
    [0, Math.round((COLOURS - 1) / 2), COLOURS - 1, COLOURS - 1],
  )
  assert.equal(colourIndex(5, 5, 5), COLOURS - 1)
})

/** The relative luminance of a CSS colour, as defined by WCAG. */
function luminanceOf(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map((channel) => {
    const share = Number(channel) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
