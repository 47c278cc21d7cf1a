import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { ConnectorStats } from '../../src/stats/connector-stats.js'
import { mergeSeries, subtractSeries } from '../../src/stats/packed-series.js'
import type { Row } from '../../src/stats/row.js'
import { SeriesStats } from '../../src/stats/series-stats.js'
import { contentsOf, packedContents, seriesContents } from '../support/assertions/contents.js'
import { rows } from '../support/generators/arbitraries.js'

const QUANTILES = [0, 0.5, 0.9, 0.999, 1]
const EXACT_ROWS_MAX = 30
const NAME = { operation: 'op', status: 'ok' }
/** Some of the merged stats have more rows than single durations are kept, some do not. */
const parts = fc.array(fc.array(rows, { maxLength: 15 }), { maxLength: 6 })

function statsOf(recorded: readonly Row[]): ConnectorStats {
  const stats = new ConnectorStats({ exactRowsMax: EXACT_ROWS_MAX })
  for (const row of recorded) {
    stats.recordOperation(row.operation, row.durationSeconds, row.numKeys, row)
  }
  return stats
}

function assertSame(actual: ConnectorStats, expected: ConnectorStats): void {
  assert.deepEqual(contentsOf(actual), contentsOf(expected))
  assert.deepEqual(actual.reduce(), expected.reduce())
  assert.deepEqual(actual.operations(), expected.operations())
  assert.deepEqual(actual.approximateOperations(), expected.approximateOperations())
  for (const operation of expected.operations()) {
    for (const quantile of QUANTILES) {
      assert.deepEqual(actual.quantile(operation, quantile), expected.quantile(operation, quantile))
    }
  }
}

test('stats merged in any order and grouping are those of all rows recorded into one', () => {
  fc.assert(
    fc.property(parts, fc.nat(), (groups, drawn) => {
      const expected = statsOf(groups.flat())
      const forwards = statsOf([])
      for (const group of groups) forwards.aggregate(statsOf(group))
      assertSame(forwards, expected)

      const backwards = statsOf([])
      for (const group of [...groups].reverse()) backwards.aggregate(statsOf(group))
      assertSame(backwards, expected)

      const cut = groups.length === 0 ? 0 : drawn % groups.length
      const head = statsOf(groups.slice(0, cut).flat())
      const tail = statsOf([])
      for (const group of groups.slice(cut)) tail.aggregate(statsOf(group))
      assertSame(tail.aggregate(head), expected)
    }),
    { seed: 22, numRuns: 300 },
  )
})

test('stats aggregated with themselves are those of every row twice', () => {
  fc.assert(
    fc.property(fc.array(rows, { maxLength: 40 }), (recorded) => {
      const stats = statsOf(recorded)
      stats.aggregate(stats)
      assertSame(stats, statsOf([...recorded, ...recorded]))
    }),
    { seed: 23, numRuns: 300 },
  )
})

function newSeries(recorded: readonly Row[], exactRowsMax = 0): SeriesStats {
  const series = new SeriesStats(DEFAULT_LAYOUT, exactRowsMax)
  for (const row of recorded) series.addRow(row)
  return series
}

test('the difference of a later and an earlier state has the rows in between', () => {
  fc.assert(
    fc.property(fc.array(rows), fc.array(rows), (earlier, later) => {
      const before = newSeries(earlier).pack(NAME)
      const after = newSeries([...earlier, ...later]).pack(NAME)
      const interval = subtractSeries(after, before)
      assert.deepEqual(packedContents(interval), seriesContents(newSeries(later)))
    }),
    { seed: 24, numRuns: 500 },
  )
})

test('packed series merge to what all rows recorded into one give', () => {
  fc.assert(
    fc.property(fc.array(fc.array(rows, { maxLength: 10 }), { maxLength: 5 }), (groups) => {
      const parts = groups.map((group) => newSeries(group).pack(NAME))
      const expected = seriesContents(newSeries(groups.flat()))
      assert.deepEqual(packedContents(mergeSeries(DEFAULT_LAYOUT, NAME, parts)), expected)
      const stats = new ConnectorStats()
      for (const part of parts) stats.addPacked(part)
      for (const { stats: series } of stats.series()) {
        assert.deepEqual(seriesContents(series), expected)
      }
    }),
    { seed: 25, numRuns: 300 },
  )
})

test('a percentile is exact only if every single duration is known', () => {
  const known = newSeries([row(0.25), row(0.5)], 10)
  const packed = newSeries([row(0.75)]).pack(NAME)
  assert.deepEqual(known.quantile(0.9), { seconds: 0.5, exact: true })
  known.addPacked(packed)
  assert.equal(known.quantile(0.9)?.exact, false)
  const complete = newSeries([row(0.25), row(0.5)], 10)
  complete.addPacked(packed, [Float64Array.of(0.75)])
  assert.deepEqual(complete.quantile(0.9), { seconds: 0.75, exact: true })
})

function row(durationSeconds: number): Row {
  return { ...NAME, durationSeconds, numKeys: 1, numBytes: 2, numFailedKeys: 0 }
}
