import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BinLayout, DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { ConnectorStats } from '../../src/stats/connector-stats.js'
import { findRank, rankOf, selectRank } from '../../src/stats/quantile.js'
import { durations } from '../support/generators/arbitraries.js'

const QUANTILES = [0, 0.1, 0.5, 0.9, 0.99, 0.999, 1]
const CUSTOM = new BinLayout([1e-4, 0.0333, 1, 2])

function binsOf(values: readonly number[], layout: BinLayout): Float64Array {
  const bins = new Float64Array(layout.binCount)
  for (const value of values) bins[layout.binOf(value)]++
  return bins
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((left, right) => left - right)
}

test('the rank of the p90 is that of the reference', () => {
  const ranks = [1, 2, 5, 9, 10, 11, 20, 30, 100, 1000].map((count) => rankOf(0.9, count))
  assert.deepEqual(ranks, [0, 1, 4, 8, 8, 9, 17, 26, 89, 899])
  assert.equal(rankOf(1, 7), 6)
  assert.equal(rankOf(0, 7), 0)
})

test('a rank is the documented one and within the number of values', () => {
  const count = fc.integer({ min: 1, max: 2 ** 40 })
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), count, (quantile, rows) => {
      const rank = rankOf(quantile, rows)
      assert.ok(Number.isInteger(rank) && rank >= 0 && rank < rows)
      // The number of values at or below it is the first that reaches the quantile.
      const slack = 1e-9 + rows * 1e-15
      assert.ok(rank + 1 >= quantile * rows - slack && rank <= quantile * rows + slack)
    }),
    { seed: 17, numRuns: 2_000 },
  )
})

test('selecting a rank has the result of sorting', () => {
  fc.assert(
    fc.property(
      fc.array(durations, { minLength: 1, maxLength: 200 }),
      fc.nat(),
      fc.constantFrom(DEFAULT_LAYOUT, CUSTOM),
      (values, drawn, layout) => {
        const rank = drawn % values.length
        const bins = binsOf(values, layout)
        const selected = selectRank(Float64Array.from(values), bins, layout, rank)
        assert.equal(selected, sorted(values)[rank])
      },
    ),
    { seed: 18, numRuns: 2_000 },
  )
})

test('selecting works with equal durations, and with durations on both sides of one bound', () => {
  const values = [1, 1 + Number.EPSILON, 1, 1 - Number.EPSILON / 2, 1 + 2 * Number.EPSILON]
  const bins = binsOf(values, DEFAULT_LAYOUT)
  for (let rank = 0; rank < values.length; rank++) {
    const selected = selectRank(Float64Array.from(values), bins, DEFAULT_LAYOUT, rank)
    assert.equal(selected, sorted(values)[rank])
  }
  const equal = new Float64Array(9).fill(0.25)
  assert.equal(selectRank(equal, binsOf([...equal], DEFAULT_LAYOUT), DEFAULT_LAYOUT, 4), 0.25)
})

test('a rank lies in the bin whose cumulative count first exceeds it', () => {
  const bins = Float64Array.from([0, 2, 0, 3])
  assert.deepEqual(
    [0, 1, 2, 4].map((rank) => findRank(bins, rank)),
    [
      { bin: 1, before: 0 },
      { bin: 1, before: 0 },
      { bin: 3, before: 2 },
      { bin: 3, before: 2 },
    ],
  )
})

test('quantiles from bins are within 1.6 % of the exact ones', () => {
  const inRange = fc.double({ min: 2 ** -30, max: 2 ** 16 - 1, noNaN: true })
  const likely = fc.double({ min: 1e-4, max: 5, noNaN: true })
  const many = fc.array(fc.oneof(inRange, likely, fc.constantFrom(1, 0.001, 2 ** -30)), {
    minLength: 1,
    maxLength: 100,
  })
  fc.assert(
    fc.property(many, (values) => {
      const stats = new ConnectorStats({ exactRowsMax: 0 })
      for (const value of values) stats.recordOperation('op', value, 1)
      for (const quantile of QUANTILES) {
        const answer = stats.quantile('op', quantile)
        const exact = sorted(values)[rankOf(quantile, values.length)]
        assert.equal(answer?.exact, false)
        assert.ok(Math.abs((answer?.seconds ?? 0) - exact) <= 0.016 * exact)
      }
    }),
    { seed: 19, numRuns: 1_000 },
  )
})

test('quantiles over all statuses are exact, and marked as exact, while the rows are few', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(durations, fc.constantFrom('ok', 'error')), { minLength: 1 }),
      (values) => {
        const rowsOf = (wanted: string) => values.filter(([, status]) => status === wanted).length
        const status = rowsOf('ok') >= rowsOf('error') ? 'ok' : 'error'
        const stats = new ConnectorStats({ exactRowsMax: rowsOf(status) })
        for (const [value, status] of values) stats.recordOperation('op', value, 1, { status })
        const order = sorted(values.map(([value]) => value))
        for (const quantile of QUANTILES) {
          const seconds = order[rankOf(quantile, order.length)]
          assert.deepEqual(stats.quantile('op', quantile), { seconds, exact: true })
        }
        stats.recordOperation('op', 1, 1, { status })
        assert.equal(stats.quantile('op', 0.5)?.exact, false)
        assert.deepEqual(stats.approximateOperations(), ['op'])
      },
    ),
    { seed: 20, numRuns: 500 },
  )
  assert.equal(new ConnectorStats().quantile('op', 0.5), undefined)
})
