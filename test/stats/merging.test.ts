import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_LAYOUT } from '../../src/stats/cell-layout.js'
import { ConnectorStats } from '../../src/stats/connector-stats.js'
import { figuresOfStats, SummedReading } from '../../src/stats/engine-reading.js'
import { packCells } from '../../src/stats/packed-cells.js'
import type { Row } from '../../src/stats/row.js'
import type { SeriesSnapshot } from '../../src/stats/series-snapshot.js'
import { SeriesStats } from '../../src/stats/series-stats.js'
import { durations, rows } from '../support/arbitraries.js'
import { contentsOf, seriesContents } from '../support/contents.js'
import { sumOf } from '../support/reports.js'

const QUANTILES = [0, 0.5, 0.9, 0.999, 1]
const EXACT_ROWS_MAX = 30
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

/** A snapshot of the series so far, as a report would carry it. */
function snapshotOf(stats: SeriesStats): SeriesSnapshot {
  const copy = new SeriesStats(stats.layout)
  copy.addStats(stats)
  return {
    operation: 'op',
    status: 'ok',
    numKeys: copy.numKeys,
    numBytes: copy.numBytes,
    numFailedKeys: copy.numFailedKeys,
    durationSum: copy.durationSum,
    cells: packCells(copy.cells),
    rows: copy.rows,
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

test('what is left when an earlier snapshot is taken away is what came since', () => {
  fc.assert(
    fc.property(fc.array(rows), fc.array(rows), (earlier, later) => {
      const stats = new SeriesStats(DEFAULT_LAYOUT)
      for (const row of earlier) stats.addRow(row)
      const snapshot = snapshotOf(stats)
      for (const row of later) stats.addRow(row)

      const interval = new SeriesStats(DEFAULT_LAYOUT)
      interval.addSnapshot(snapshotOf(stats))
      interval.subtractSnapshot(snapshot)
      const expected = new SeriesStats(DEFAULT_LAYOUT)
      for (const row of later) expected.addRow(row)
      assert.deepEqual(seriesContents(interval), seriesContents(expected))

      const merged = new SeriesStats(DEFAULT_LAYOUT)
      merged.addStats(interval)
      assert.deepEqual(seriesContents(merged), seriesContents(expected))
    }),
    { seed: 24, numRuns: 500 },
  )
})

test('intervals add up to the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.array(rows, { maxLength: 10 }), { maxLength: 5 }), (intervals) => {
      const stats = new SeriesStats(DEFAULT_LAYOUT)
      const total = new ConnectorStats({ exactRowsMax: 0 })
      let before: SeriesSnapshot | undefined
      for (const interval of intervals) {
        for (const row of interval) stats.addRow(row)
        const now = snapshotOf(stats)
        total.addSnapshot(now, undefined, before)
        before = now
      }
      const whole = intervals.length === 0 ? [] : [...total.series()]
      for (const { stats: series } of whole) {
        assert.deepEqual(seriesContents(series), seriesContents(stats))
      }
      assert.equal(total.rows, intervals.flat().length)
    }),
    { seed: 25, numRuns: 300 },
  )
})

const LABELS = { engine: '0', operation: 'op', status: 'ok' }

test('a reading holds the buckets and sums of what was added, as stats or as a snapshot', () => {
  fc.assert(
    fc.property(fc.array(durations), fc.array(durations), (first, second) => {
      const series = [first, second].map((values) => {
        const stats = new SeriesStats(DEFAULT_LAYOUT)
        for (const durationSeconds of values) {
          const row = { operation: 'op', status: 'ok', numKeys: 1, numBytes: 2, numFailedKeys: 3 }
          stats.addRow({ ...row, durationSeconds })
        }
        return stats
      })
      const reading = new SummedReading(DEFAULT_LAYOUT)
      for (const stats of series) reading.add(LABELS, figuresOfStats(stats))
      const { labels, figures } = reading
      assert.deepEqual(labels, [LABELS])
      const all = [...first, ...second]
      const bounds = [...DEFAULT_LAYOUT.bounds, Number.POSITIVE_INFINITY]
      const buckets = bounds.map((bound) => all.filter((value) => value <= bound).length)
      const counts = [1, 1, 1, 2, 3].map((each) => each * all.length)
      assert.deepEqual([...figures], [...buckets, sumOf(all).toNumber(), ...counts])
    }),
    { seed: 26, numRuns: 300 },
  )
})
