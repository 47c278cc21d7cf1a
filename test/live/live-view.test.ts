import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HEAT_ROWS, heatRowSeconds } from '../../src/live/heat-scale.js'
import { type LiveFilter, WINDOWS_MS, type WindowName } from '../../src/live/live-filter.js'
import type { LiveInterval } from '../../src/live/live-interval.js'
import type { EngineState, LiveState } from '../../src/live/live-message.js'
import { HEADLINE_MS, type LiveView, ViewBuilder } from '../../src/live/live-view.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { findRank, rankOf } from '../../src/stats/quantile.js'
import { intervalOf, type RowsOf } from '../support/generators/live-intervals.js'

const { bounds } = DEFAULT_LAYOUT
const SECOND_MS = 1_000
const END_MS = 1_700_000_000_000
const NO_FIGURES = {
  rows: 0,
  operationsPerSecond: 0,
  keysPerSecond: 0,
  bytesPerSecond: 0,
  failedKeysPerSecond: 0,
  failedKeyRatio: undefined,
  p50: undefined,
  p90: undefined,
  p99: undefined,
}

function stateAt(timestampMs: number, engines: readonly EngineState[] = []): LiveState {
  return { timestampMs, engines, rejections: {} }
}

function engineOf(source: string, fields: Partial<EngineState> = {}): EngineState {
  return { source, up: true, incarnation: 1, lastReportMs: null, restarts: 0, rows: 0, ...fields }
}

/** The rows of each second up to `END_MS`, in order. */
type Seconds = readonly (readonly RowsOf[])[]

function intervalsOf(seconds: Seconds, endMs = END_MS): LiveInterval[] {
  return seconds.map((rows, index) => {
    const toMs = endMs - (seconds.length - 1 - index) * SECOND_MS
    return intervalOf(toMs - SECOND_MS, toMs, rows)
  })
}

function viewOf(seconds: Seconds, filter: Partial<LiveFilter> = {}): LiveView {
  const builder = new ViewBuilder(bounds, { window: '1m', ...filter })
  return builder.build(intervalsOf(seconds), stateAt(END_MS))
}

/** The middle of the bin of a quantile, computed by sorting. */
function expectedQuantile(durations: readonly number[], quantile: number): number {
  const sorted = [...durations].sort((left, right) => left - right)
  const bins = new Float64Array(DEFAULT_LAYOUT.binCount)
  for (const seconds of sorted) bins[DEFAULT_LAYOUT.binOf(seconds)]++
  return DEFAULT_LAYOUT.secondsOf(findRank(bins, rankOf(quantile, sorted.length)).bin)
}

test('without rows and engines, a view is empty and has no NaN', () => {
  const builder = new ViewBuilder(bounds, { window: '5m' })
  const view = builder.build([], stateAt(END_MS))
  assert.deepEqual(view, {
    filter: { window: '5m' },
    timestampMs: END_MS,
    fromMs: END_MS,
    coveredMs: 0,
    headline: NO_FIGURES,
    enginesUp: 0,
    enginesEnded: 0,
    engineCount: 0,
    lastReportMs: null,
    rejections: {},
    recentRejections: new Map(),
    timeline: [],
    operations: [],
    engines: [],
    choices: { operations: [], sources: [], statuses: [] },
  })
})

test('figures are sums over the time that intervals cover, and quantiles those of all rows', () => {
  const seconds: Seconds = [
    [
      { seconds: 0.001, rows: 90, numKeys: 180, numBytes: 4_096 },
      { seconds: 0.5, rows: 9, numKeys: 18, numFailedKeys: 9 },
    ],
    [{ seconds: 2, rows: 1, numKeys: 2, status: 'error', source: '1' }],
  ]
  const durations = [...new Array(90).fill(0.001), ...new Array(9).fill(0.5), 2]
  const [row] = viewOf(seconds).operations
  const { trend, ...figures } = row ?? {}
  assert.deepEqual(figures, {
    operation: 'load_get',
    failure: undefined,
    rows: 100,
    operationsPerSecond: 50,
    keysPerSecond: 100,
    bytesPerSecond: 2_048,
    failedKeysPerSecond: 4.5,
    failedKeyRatio: 0.045,
    p50: expectedQuantile(durations, 0.5),
    p90: expectedQuantile(durations, 0.9),
    p99: expectedQuantile(durations, 0.99),
  })
  assert.deepEqual(trend, [99, 1])
})

test('the headline covers the last ten seconds, and the tables the window', () => {
  const seconds = Array.from({ length: 60 }, (_, second) => [{ seconds: 1, rows: second + 1 }])
  const view = viewOf(seconds)
  assert.equal(HEADLINE_MS, 10_000)
  assert.equal(view.headline.rows, (51 + 60) * 5)
  assert.equal(view.headline.operationsPerSecond, ((51 + 60) * 5) / 10)
  assert.equal(view.operations[0]?.rows, (60 * 61) / 2)
  assert.deepEqual([view.coveredMs, view.fromMs], [60_000, END_MS - 60_000])
})

test('seconds that no interval covers are not counted as time', () => {
  const intervals = [
    intervalOf(END_MS - 9_000, END_MS - 8_000, [{ seconds: 1, rows: 30 }]),
    intervalOf(END_MS - 1_000, END_MS, [{ seconds: 1, rows: 10 }]),
  ]
  const view = new ViewBuilder(bounds, { window: '1m' }).build(intervals, stateAt(END_MS))
  assert.equal(view.coveredMs, 2_000)
  assert.equal(view.headline.operationsPerSecond, 20)
  assert.deepEqual(
    view.timeline.map(({ fromMs, toMs, rows }) => [END_MS - fromMs, END_MS - toMs, rows]),
    [
      [9_000, 8_000, 30],
      [1_000, 0, 10],
    ],
  )
})

test('a table is not filtered by its own dimension, and everything else is', () => {
  const all: RowsOf[] = []
  for (const source of ['0', '1']) {
    for (const operation of ['get', 'put']) {
      for (const status of ['ok', 'error']) all.push({ seconds: 1, source, operation, status })
    }
  }
  // Powers of two, so that every sum identifies its series.
  const rows = all.map((each, index) => ({ ...each, rows: 2 ** index }))
  const sumOf = (pick: Partial<RowsOf>) =>
    rows
      .filter((row) => Object.entries(pick).every(([key, value]) => row[key as 'source'] === value))
      .reduce((sum, row) => sum + row.rows, 0)
  const choices = [undefined, 'error'] as const
  for (const operation of [undefined, 'get', 'no such'] as const) {
    for (const source of [undefined, '1', '7'] as const) {
      for (const status of choices) {
        const view = viewOf([rows], { operation, source, status })
        const only = (pick: Partial<RowsOf>) =>
          Object.fromEntries(Object.entries(pick).filter(([, value]) => value !== undefined))
        assert.equal(view.headline.rows, sumOf(only({ operation, source, status } as RowsOf)))
        assert.equal(view.timeline[0]?.rows, view.headline.rows)
        assert.deepEqual(
          view.operations.map((row) => [row.operation, row.rows]),
          ['get', 'put']
            .map((name) => [name, sumOf(only({ operation: name, source, status } as RowsOf))])
            .filter(([, count]) => count !== 0),
        )
        assert.deepEqual(
          view.engines.map((row) => [row.source, row.rows]),
          ['0', '1']
            .map((name) => [name, sumOf(only({ source: name, operation, status } as RowsOf))])
            .filter(([, count]) => count !== 0),
        )
        assert.deepEqual(view.choices.operations, ['get', 'put'])
        assert.deepEqual(view.choices.statuses, ['error', 'ok'])
      }
    }
  }
})

test('an updated view equals a new one, for any intervals that enter and leave it', () => {
  const row = fc.record({
    source: fc.constantFrom('0', '1', '2'),
    operation: fc.constantFrom('get', 'put'),
    status: fc.constantFrom('ok', 'error'),
    seconds: fc.constantFrom(1e-6, 0.001, 0.02, 0.5, 3),
    rows: fc.integer({ min: 1, max: 1_000 }),
    numKeys: fc.nat({ max: 2 ** 40 }),
    numFailedKeys: fc.nat({ max: 2 ** 40 }),
  })
  const filter = fc.record({
    window: fc.constantFrom<WindowName>('1m', '5m'),
    operation: fc.constantFrom(undefined, 'get'),
    source: fc.constantFrom(undefined, '1'),
    status: fc.constantFrom(undefined, 'ok'),
  })
  const lengths = fc.array(fc.tuple(fc.integer({ min: 200, max: 40_000 }), fc.array(row)), {
    minLength: 1,
    maxLength: 12,
  })
  fc.assert(
    fc.property(filter, lengths, (given, all) => {
      const kept = new ViewBuilder(bounds, given)
      const intervals: LiveInterval[] = []
      let atMs = END_MS
      for (const [length, rows] of all) {
        intervals.push(intervalOf(atMs, atMs + length, rows))
        atMs += length
        const state = stateAt(atMs, [engineOf('0'), engineOf('2')])
        const shown = kept.build(intervals, state)
        const anew = new ViewBuilder(bounds, given).build(intervals, state)
        const comparable = (view: LiveView) => ({
          ...view,
          engines: view.engines.toSorted((left, right) => (left.source < right.source ? -1 : 1)),
        })
        assert.deepEqual(comparable(shown), comparable(anew))
        const inWindow = intervals.filter(({ toMs }) => toMs > atMs - WINDOWS_MS[given.window])
        const covered = inWindow.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
        assert.equal(shown.coveredMs, covered)
      }
    }),
    { seed: 77, numRuns: 150 },
  )
})

test('a window of a minute has one point per interval, and a longer one a point per slot', () => {
  const seconds = Array.from({ length: 300 }, () => [{ seconds: 1, rows: 2, numBytes: 3 }])
  const short = viewOf(seconds).timeline
  assert.equal(short.length, 60)
  assert.ok(short.every(({ fromMs, toMs, rows }) => toMs - fromMs === SECOND_MS && rows === 2))
  const long = viewOf(seconds, { window: '5m' }).timeline
  assert.equal(long.length, 60)
  assert.ok(long.every(({ fromMs, toMs, rows }) => toMs - fromMs === 5_000 && rows === 10))
  assert.ok(long.every(({ numBytes }) => numBytes === 15))
  assert.equal(viewOf(seconds, { window: '5m' }).operations[0]?.trend[0], 2)
})

test('each row of the heat map counts the rows of its durations', () => {
  const durations = [0, 1e-12, 0.001, 0.02, 1.5, 1e6]
  const view = viewOf([durations.map((seconds, index) => ({ seconds, rows: 2 ** index }))])
  const heat = view.timeline[0]?.heat ?? new Float64Array()
  assert.equal(heat.length, HEAT_ROWS)
  const filled = [...heat.entries()].filter(([, count]) => count > 0)
  assert.deepEqual(
    filled.map(([, count]) => count),
    [1 + 2, 4, 8, 16, 32],
  )
  for (const [index, seconds] of [0.001, 0.02, 1.5].entries()) {
    const row = filled[index + 1]?.[0] ?? -1
    // The middle of its bin decides, which is within 1.6 %.
    assert.ok(heatRowSeconds(row) <= seconds * 1.016 && heatRowSeconds(row + 1) > seconds * 0.984)
  }
  assert.deepEqual([filled[0]?.[0], filled.at(-1)?.[0]], [0, HEAT_ROWS - 1])
})

test('engines are in the order of the aggregator, followed by dropped ones', () => {
  const states = [
    engineOf('b/1', { lastReportMs: 5, up: false }),
    engineOf('0', { lastReportMs: 9, rows: 3 }),
  ]
  const intervals = intervalsOf([
    [
      { seconds: 1, source: 'gone' },
      { seconds: 1, source: '0' },
    ],
  ])
  const state = { ...stateAt(END_MS, states), rejections: { truncated: 2 } }
  const view = new ViewBuilder(bounds, { window: '1m' }).build(intervals, state)
  assert.deepEqual(
    view.engines.map((engine) => [engine.source, engine.state, engine.rows]),
    [
      ['b/1', states[0], 0],
      ['0', states[1], 1],
      ['gone', undefined, 1],
    ],
  )
  assert.deepEqual([view.enginesUp, view.engineCount, view.lastReportMs], [1, 2, 9])
  assert.deepEqual(view.rejections, { truncated: 2 })
})

test('restarts and rejections within the window are added up, with the time of the first', () => {
  const counted = (agoMs: number, restarts: number): LiveInterval => ({
    ...intervalOf(END_MS - agoMs, END_MS - agoMs + 1_000, []),
    restarts: new Map([['0', restarts]]),
    rejections: new Map([['bounds', 1]]),
  })
  const intervals = [counted(70_000, 9), counted(50_000, 2), counted(10_000, 3)]
  const viewAt = (window: WindowName) =>
    new ViewBuilder(bounds, { window }).build(intervals, stateAt(END_MS, [engineOf('0')]))
  const short = viewAt('1m')
  assert.deepEqual(short.engines[0]?.recentRestarts, { count: 5, sinceMs: END_MS - 50_000 })
  assert.deepEqual(
    [...short.recentRejections],
    [['bounds', { count: 2, sinceMs: END_MS - 50_000 }]],
  )
  assert.equal(viewAt('5m').engines[0]?.recentRestarts?.count, 14)
})

test('engines that ended on purpose are counted apart from those that are down', () => {
  const states = [
    engineOf('0'),
    engineOf('1', { up: false }),
    engineOf('2', { up: false, open: false }),
    // An earlier incarnation still runs.
    engineOf('3', { open: false }),
  ]
  const view = new ViewBuilder(bounds, { window: '1m' }).build([], stateAt(END_MS, states))
  assert.deepEqual([view.enginesUp, view.enginesEnded, view.engineCount], [2, 1, 4])
})

test('an engine that a pool may be restarting has not ended', () => {
  const closed = (lastReportMs: number) => engineOf('0', { up: false, open: false, lastReportMs })
  const interval = { ...intervalOf(END_MS - 2_000, END_MS, []), restarts: new Map([['0', 1]]) }
  const endOf = (intervals: readonly LiveInterval[], agoMs: number) =>
    new ViewBuilder(bounds, { window: '1m' }).build(
      intervals,
      stateAt(END_MS, [closed(END_MS - agoMs)]),
    ).engines[0]?.end
  assert.equal(endOf([], 1_000), 'ended')
  assert.equal(endOf([interval], 1_000), undefined)
  assert.equal(endOf([interval], 50_000), 'ended')
})

test('rows that leave the window are in no table', () => {
  const builder = new ViewBuilder(bounds, { window: '1m' })
  const first = intervalOf(END_MS - 1_000, END_MS, [{ seconds: 1, source: '5', operation: 'old' }])
  assert.equal(builder.build([first], stateAt(END_MS)).operations.length, 1)
  const nowMs = END_MS + 60_000
  const last = intervalOf(nowMs - 1_000, nowMs, [{ seconds: 1, source: '6' }])
  const view = builder.build([first, last], stateAt(nowMs))
  assert.deepEqual(
    view.operations.map(({ operation }) => operation),
    ['load_get'],
  )
  assert.deepEqual(
    view.engines.map(({ source }) => source),
    ['6'],
  )
  assert.deepEqual([view.coveredMs, view.timeline.length], [1_000, 1])
})

test('a dropped engine can be selected while it has rows', () => {
  const dropped: RowsOf = { source: '1', operation: 'get', status: 'ok', seconds: 0.1 }
  const builder = new ViewBuilder(bounds, { window: '1m' })
  const view = builder.build(intervalsOf([[dropped]]), stateAt(END_MS, [engineOf('0')]))
  assert.deepEqual(view.choices.sources, ['0', '1'])
})
