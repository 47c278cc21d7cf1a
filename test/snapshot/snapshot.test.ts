import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EngineAggregator, type Snapshot } from '../../src/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { failure } from '../support/assertions/failures.js'
import { startRecording } from '../support/engines/recording.js'
import { rows as anyRow } from '../support/generators/arbitraries.js'
import { reportBytes } from '../support/generators/reports.js'

/** The operation, status, rows and keys of every series. */
function seriesIn(snapshot: Snapshot, engine = 0) {
  const source = snapshot.sources.find((each) => each.engine === engine)
  return (source?.series ?? []).map(({ operation, status, rows, numKeys }) => [
    operation,
    status,
    rows,
    numKeys,
  ])
}

test('a snapshot shows sources, series, counts and health as JSON', async () => {
  let nowMs = 5_000
  const { aggregator, recorder, close } = startRecording({
    now: () => nowMs,
    monotonicNow: () => nowMs,
    bounds: [0.01, 1],
  })
  recorder.record('load_get', 0.5, 3, { numBytes: 4_096 })
  recorder.record('load_get', 2, 1, { status: 'error', numFailedKeys: 1 })
  nowMs += 1_500
  const data = JSON.parse(JSON.stringify(aggregator.snapshot()))
  const bin = (fromSeconds: number, toSeconds: number) => [{ fromSeconds, toSeconds, count: 1 }]
  assert.deepEqual(data, {
    timestampMs: 6_500,
    elapsedMs: 1_500,
    bounds: [0.01, 1],
    sources: [
      {
        engine: 0,
        health: {
          up: true,
          open: true,
          incarnation: 1,
          createdMs: 5_000,
          reports: 0,
          reportBytes: 0,
          lastReportMs: null,
          rows: 2,
          restarts: {},
        },
        series: [
          {
            operation: 'load_get',
            status: 'ok',
            rows: 1,
            numKeys: 3,
            numBytes: 4_096,
            numFailedKeys: 0,
            durationSeconds: 0.5,
            bucketCounts: [0, 1, 1],
            bins: bin(0.5, 0.515625),
            exemplars: [],
          },
          {
            operation: 'load_get',
            status: 'error',
            rows: 1,
            numKeys: 1,
            numBytes: 0,
            numFailedKeys: 1,
            durationSeconds: 2,
            bucketCounts: [0, 0, 1],
            bins: bin(2, 2.0625),
            exemplars: [],
          },
        ],
      },
    ],
    rejections: data.rejections,
  })
  assert.equal(data.rejections.truncated, 0)
  await close()
})

test('a snapshot is immutable, and does not change with later rows', async () => {
  const { aggregator, recorder, close } = startRecording()
  recorder.record('op', 0.5, 1)
  const snapshot = aggregator.snapshot()
  const before = JSON.stringify(snapshot)
  recorder.record('op', 0.5, 1)
  recorder.record('other', 0.5, 1, { status: 'error' })
  aggregator.ingest(new Uint8Array(1), { engine: 9 })
  assert.equal(JSON.stringify(snapshot), before)
  const [source] = snapshot.sources
  const [series] = source?.series ?? []
  assert.ok(source !== undefined && series !== undefined)
  const objects: object[] = [snapshot, snapshot.sources, snapshot.bounds, snapshot.rejections]
  objects.push(source, source.health, source.series, series, series.bins, series.bucketCounts)
  for (const object of objects) assert.ok(Object.isFrozen(object), JSON.stringify(object))
  await close()
  assert.equal(JSON.stringify(snapshot), before)
})

test('an interval contains the rows between two snapshots', async () => {
  let nowMs = 0
  const { aggregator, recorder, close } = startRecording({
    now: () => nowMs,
    monotonicNow: () => nowMs,
  })
  recorder.record('op', 0.25, 1)
  recorder.record('quiet', 0.25, 1)
  nowMs = 10
  const earlier = aggregator.snapshot()
  recorder.record('op', 0.5, 2)
  recorder.record('op', 1, 3)
  recorder.record('new', 1, 4, { status: 'error' })
  aggregator.ingest(new Uint8Array(), { engine: 7 })
  aggregator.noteRestart(0, 'exit')
  nowMs = 30
  const interval = aggregator.snapshot().since(earlier)
  assert.equal(interval.elapsedMs, 20)
  assert.equal(interval.rows, 3)
  assert.equal(interval.rejections.truncated, 1)
  assert.deepEqual(interval.sources[0]?.health.restarts, { exit: 1 })
  assert.deepEqual(seriesIn(interval), [
    ['op', 'ok', 2, 5],
    ['new', 'error', 1, 4],
  ])
  const [series] = interval.sources[0]?.series ?? []
  assert.equal(series?.durationSeconds, 1.5)
  assert.equal(series?.quantile(1)?.exact, false)
  assert.ok(Math.abs((series?.quantile(1)?.seconds ?? 0) - 1) <= 0.016)
  await close()
})

test('two readers of intervals affect neither each other nor the log line', async () => {
  const lines: string[] = []
  const { aggregator, recorder, close } = startRecording({ log: (line) => lines.push(line) })
  let [often, rarely] = [aggregator.snapshot(), aggregator.snapshot()]
  const seen = { often: 0, rarely: 0 }
  for (let row = 1; row <= 100; row++) {
    recorder.record('op', 0.5, 1)
    const now = aggregator.snapshot()
    seen.often += now.since(often).rows
    often = now
    if (row % 25 !== 0) continue
    assert.equal(now.since(rarely).rows, 25)
    seen.rarely += 25
    rarely = now
  }
  assert.deepEqual(seen, { often: 100, rarely: 100 })
  await close()
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /op_count=100, /)
})

test('intervals of any rows add up to the whole, sums and bins included', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(anyRow, { maxLength: 8 }), { maxLength: 5 }),
      async (all) => {
        const { aggregator, recorder, close } = startRecording()
        let before = aggregator.snapshot()
        const rows = new Map<string, number>()
        for (const group of all) {
          for (const row of group)
            recorder.record(row.operation, row.durationSeconds, row.numKeys, row)
          const now = aggregator.snapshot()
          for (const { operation, status, bins, ...series } of now.since(before).sources[0]
            ?.series ?? []) {
            const key = JSON.stringify([operation, status])
            assert.equal(
              bins.reduce((sum, { count }) => sum + count, 0),
              series.rows,
            )
            rows.set(key, (rows.get(key) ?? 0) + series.rows)
          }
          before = now
        }
        for (const { operation, status, rows: total } of before.sources[0]?.series ?? []) {
          assert.equal(rows.get(JSON.stringify([operation, status])), total)
        }
        assert.equal(before.rows, all.flat().length)
        await close()
      },
    ),
    { seed: 60, numRuns: 40 },
  )
})

test('an engine that was dropped and connected again counts from zero in an interval', async () => {
  const aggregator = new EngineAggregator()
  const payload = pack({ op: [{ duration_seconds: 1, num_keys: 1 }] })
  for (let row = 0; row < 5; row++) aggregator.ingest(payload, { engine: 3 })
  const earlier = aggregator.snapshot()
  aggregator.disconnect(3, { series: 'drop' })
  aggregator.ingest(payload, { engine: 3 })
  assert.deepEqual(seriesIn(aggregator.snapshot().since(earlier), 3), [['op', 'ok', 1, 1]])
  await aggregator.close()
})

test('snapshots of another aggregator, or in the wrong order, are refused', async () => {
  let nowMs = 0
  const aggregator = new EngineAggregator({ monotonicNow: () => nowMs })
  const other = new EngineAggregator()
  const first = aggregator.snapshot()
  nowMs = 5
  const second = aggregator.snapshot()
  assert.throws(() => first.since(second), failure('LAYOUT_MISMATCH'))
  assert.throws(() => second.since(other.snapshot()), failure('LAYOUT_MISMATCH'))
  assert.throws(() => second.since({} as never), failure('LAYOUT_MISMATCH'))
  assert.equal(second.since(second).rows, 0)
  const interval = second.since(first)
  assert.throws(() => second.since(interval), failure('LAYOUT_MISMATCH'))
  assert.throws(() => interval.since(first), failure('LAYOUT_MISMATCH'))
  for (const each of [aggregator, other]) await each.close()
})

test('quantiles outside of 0 to 1 are refused', async () => {
  const { aggregator, recorder, close } = startRecording()
  recorder.record('op', 1, 1)
  const [series] = aggregator.snapshot().sources[0]?.series ?? []
  for (const quantile of [Number.NaN, -0.1, 1.1, 99]) {
    assert.throws(() => series?.quantile(quantile), failure('INVALID_OPTION'))
    assert.throws(() => aggregator.stats().quantile('op', quantile), failure('INVALID_OPTION'))
  }
  assert.equal(JSON.stringify([...aggregator.stats().series()]).includes('durationSeconds'), true)
  await close()
})

test('the creation time of a source is when it was first seen, and is renewed after a drop', async () => {
  let nowMs = 5_000
  const aggregator = new EngineAggregator({ now: () => nowMs, enginesMax: 3 })
  const created = () => aggregator.snapshot().sources.map(({ health }) => health.createdMs)
  const step = (run: () => void) => {
    nowMs += 1_000
    run()
    return created()
  }
  const row = pack({ op: [{ duration_seconds: 1, num_keys: 1 }] })
  assert.deepEqual(
    step(() => aggregator.connect(0)),
    [6_000],
  )
  assert.deepEqual(
    step(() => aggregator.ingest(reportBytes({ engine: 1 }))),
    [6_000, 7_000],
  )
  assert.deepEqual(
    step(() => aggregator.ingest(row, { engine: 2 })),
    [6_000, 7_000, 8_000],
  )
  // The creation time of the engines past the limit is that of the aggregator.
  assert.deepEqual(
    step(() => aggregator.ingest(row, { engine: 3 })),
    [6_000, 7_000, 8_000, 5_000],
  )
  // The next incarnation continues the counters.
  assert.deepEqual(
    step(() => aggregator.connect(0)),
    [6_000, 7_000, 8_000, 5_000],
  )
  aggregator.disconnect(1, { series: 'drop' })
  assert.deepEqual(
    step(() => aggregator.ingest(reportBytes({ engine: 1, incarnation: 2 }))),
    [6_000, 11_000, 8_000, 5_000],
  )
  await aggregator.close()
})
