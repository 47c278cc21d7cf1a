import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EngineAggregator, MooncakeStoreConnectorStats, type Snapshot } from '../../src/index.js'
import { intervalBetween } from '../../src/live/interval-between.js'
import { sourceName } from '../../src/live/source-name.js'
import { createRecorder, type Recorder } from '../../src/recorder/index.js'
import { BinLayout } from '../../src/stats/bin-layout.js'
import type { Row } from '../../src/stats/row.js'
import { rows as anyRow } from '../support/generators/arbitraries.js'
import { countsIn, type SeriesCounts } from '../support/generators/live-intervals.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'
import { runSteps } from '../support/generators/run-steps.js'

/** Engines beyond the second count as `other`. */
const ENGINES_MAX = 2
const LAYOUT = new BinLayout([0.001, 0.5, 1])

/** One event of an engine between two snapshots. */
type Step =
  | { readonly kind: 'record'; readonly engine: number; readonly rows: readonly Row[] }
  | { readonly kind: 'report' | 'restart' | 'drop'; readonly engine: number }

const engines = fc.nat({ max: ENGINES_MAX + 1 })
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('record' as const),
      engine: engines,
      rows: fc.array(anyRow, { minLength: 1, maxLength: 4 }),
    }),
  },
  fc.record({ kind: fc.constantFrom('report', 'restart', 'drop'), engine: engines }),
)

/** The counts of an interval by `since`, in the form of `countsIn`. */
function countsOf(interval: Snapshot): Map<string, SeriesCounts> {
  const counts = new Map<string, SeriesCounts>()
  for (const source of interval.sources) {
    for (const series of source.series) {
      const { operation, status, rows, numKeys, numBytes, numFailedKeys } = series
      const bins = new Array<number>(LAYOUT.binCount).fill(0)
      for (const { fromSeconds, toSeconds, count } of series.bins) {
        // A bound at the edge of a segment creates a bin with that duration only.
        const bin = LAYOUT.binEdges.findIndex(
          (edge, at) => edge === fromSeconds && LAYOUT.binEdges[at + 1] === toSeconds,
        )
        bins[bin] = count
      }
      const key = JSON.stringify([sourceName(source), operation, status])
      counts.set(key, { rows, numKeys, numBytes, numFailedKeys, bins })
    }
  }
  return counts
}

/** Engines of other processes, which restart and are dropped. */
class Fleet {
  readonly #aggregator: EngineAggregator
  readonly #recorders = new Map<number, Recorder>()

  constructor(aggregator: EngineAggregator) {
    this.#aggregator = aggregator
  }

  take({ kind, engine, ...step }: Step): void {
    const instance = engine === 0 ? undefined : 'host-a'
    if (kind === 'drop') {
      this.#aggregator.disconnect(engine, { series: 'drop', ...(instance && { instance }) })
      // Reports of incarnations that were dropped are rejected.
      this.#recorders.delete(engine)
    }
    if (kind === 'restart') {
      this.#recorders.get(engine)?.close()
      this.#recorders.delete(engine)
    }
    if (kind === 'report') this.#recorders.get(engine)?.report()
    if (kind !== 'record' || !('rows' in step)) return
    if (engine > ENGINES_MAX) {
      const payload = MooncakeStoreConnectorStats.fromRows(step.rows, { bounds: LAYOUT.bounds })
      // A new engine past the limit.
      this.#aggregator.ingest(payload.toPayload(), { engine })
      return
    }
    const recorder = this.#recorders.get(engine) ?? this.#start(engine, instance)
    for (const row of step.rows) {
      recorder.record(row.operation, row.durationSeconds, row.numKeys, row)
    }
    recorder.report()
  }

  #start(engine: number, instance: string | undefined): Recorder {
    const recorder = createRecorder({
      engine,
      ...(instance && { instance }),
      sink: { send: (bytes) => void this.#aggregator.ingest(bytes) },
      bounds: LAYOUT.bounds,
    })
    this.#recorders.set(engine, recorder)
    return recorder
  }

  close(): void {
    for (const recorder of this.#recorders.values()) recorder.close()
  }
}

test('an interval has the numbers of later.since(earlier) after any events of the engines', async () => {
  const seen = { intervals: 0, others: 0, series: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(steps, { maxLength: 8 }), { maxLength: 6 }), async (all) => {
      let nowMs = 1_000
      const aggregator = new EngineAggregator({
        bounds: LAYOUT.bounds,
        enginesMax: ENGINES_MAX,
        now: () => nowMs,
        monotonicNow: () => nowMs,
      })
      const fleet = new Fleet(aggregator)
      let earlier = aggregator.snapshot()
      for (const group of all) {
        for (const step of group) fleet.take(step)
        nowMs += 1_000
        const later = aggregator.snapshot()
        const interval = runSteps(intervalBetween(earlier, later))
        const expected = countsOf(later.since(earlier))
        assert.deepEqual(countsIn([interval], LAYOUT), expected)
        assert.deepEqual([interval.fromMs, interval.toMs], [nowMs - 1_000, nowMs])
        seen.intervals++
        seen.series += expected.size
        if (interval.sources.includes('other')) seen.others++
        earlier = later
      }
      fleet.close()
      await aggregator.close()
    }),
    { seed: 71, numRuns: 80 },
  )
  assert.ok(seen.intervals > 150 && seen.series > 500 && seen.others > 20, JSON.stringify(seen))
})

test('series whose places change when an earlier incarnation arrives late keep their numbers', async () => {
  let nowMs = 1_000
  const aggregator = new EngineAggregator({ now: () => nowMs, monotonicNow: () => nowMs })
  const report = (incarnation: number, operation: string, rows: number) =>
    aggregator.ingest(
      reportBytes({ incarnation, sequence: rows, series: [seriesWithRows(rows, operation)] }),
    )
  report(2, 'late', 5)
  const earlier = aggregator.snapshot()
  report(1, 'early', 3)
  report(2, 'late', 7)
  nowMs += 1_000
  const later = aggregator.snapshot()
  const operations = (snapshot: Snapshot) =>
    snapshot.sources[0]?.series.map(({ operation }) => operation)
  assert.deepEqual([operations(earlier), operations(later)], [['late'], ['early', 'late']])
  const counts = countsIn([runSteps(intervalBetween(earlier, later))])
  assert.deepEqual(
    Array.from(counts, ([key, { rows }]) => [key, rows]),
    [
      [JSON.stringify(['0', 'early', 'ok']), 3],
      [JSON.stringify(['0', 'late', 'ok']), 2],
    ],
  )
  await aggregator.close()
})

test('engines without new rows, and their names, are not in an interval', async () => {
  const aggregator = new EngineAggregator()
  const recorder = createRecorder({ engine: 1, sink: { send: (b) => void aggregator.ingest(b) } })
  recorder.record('load_get', 0.5, 1)
  recorder.report()
  const earlier = aggregator.snapshot()
  recorder.report()
  const interval = runSteps(intervalBetween(earlier, aggregator.snapshot()))
  assert.deepEqual([interval.sources, interval.names, interval.series.length], [[], [], 0])
  recorder.close()
  await aggregator.close()
})

test('counters beyond the maximum of a series do not affect the next series', async () => {
  const aggregator = new EngineAggregator()
  const earlier = aggregator.snapshot()
  for (const engine of [0, 1]) {
    const recorder = createRecorder({ engine, sink: { send: (b) => void aggregator.ingest(b) } })
    const numBytes = engine === 0 ? 2 ** 64 : 7
    for (let row = 0; row < 100; row++) recorder.record('load_get', 0.5, 1, { numBytes })
    recorder.close()
  }
  const counts = countsIn([runSteps(intervalBetween(earlier, aggregator.snapshot()))])
  assert.deepEqual(
    Array.from(counts.values(), ({ rows, numBytes }) => [rows, numBytes > 2 ** 69 || numBytes]),
    [
      [100, true],
      [100, 700],
    ],
  )
  await aggregator.close()
})
