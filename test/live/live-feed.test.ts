import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { liveSourceOf } from '../../src/engine-aggregator.js'
import { EngineAggregator } from '../../src/index.js'
import { type FeedOptions, LiveFeed } from '../../src/live/live-feed.js'
import type { LiveInterval } from '../../src/live/live-interval.js'
import type { LiveSource } from '../../src/live/live-source.js'
import type { Snapshot } from '../../src/snapshot/snapshot.js'
import { createRecorder } from '../../src/recorder/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { countsIn } from '../support/generators/live-intervals.js'
import { Child } from '../support/processes/child.js'
import { waitUntil } from '../support/processes/wait-until.js'

const ROW = pack({ load_get: [{ duration_seconds: 0.5, num_keys: 3 }] })
/** Longer than any test, so that updates after the first are made only on request. */
const NEVER_MS = 2 ** 30

/** The fields of an interval without restarts and rejections. */
const INTERVAL_FIELDS = ['fromMs', 'names', 'series', 'sources', 'toMs']

/** Milliseconds that a slow snapshot takes. */
const TOOK_MS = 20

/** A feed with clocks that the test sets, after its first update. */
async function startFeed(options: FeedOptions = {}) {
  const clock = { wallMs: 1_700_000_000_000, passedMs: 5_000 }
  const aggregator = new EngineAggregator({
    now: () => clock.wallMs,
    monotonicNow: () => clock.passedMs,
  })
  const feed = new LiveFeed(liveSourceOf(aggregator), { updateMs: NEVER_MS, ...options })
  await waitUntil('the first update', () => feed.latest)
  const pass = async (ms = 1_000, wallMs = ms) => {
    clock.passedMs += ms
    clock.wallMs += wallMs
    await feed.update()
  }
  const close = () => {
    feed.close()
    return aggregator.close()
  }
  return { aggregator, feed, clock, pass, close }
}

test('the first update has no interval, and each further one has the rows since the last', async () => {
  const { aggregator, feed, clock, pass, close } = await startFeed()
  assert.deepEqual([feed.latest?.sequence, feed.latest?.interval], [1, undefined])
  aggregator.ingest(ROW, { engine: 3, instance: 'host' })
  aggregator.ingest(new Uint8Array(), { engine: 3 })
  aggregator.noteRestart(3, 'exit')
  await pass()
  const { latest } = feed
  assert.equal(latest?.sequence, 2)
  assert.equal(latest.interval?.toMs, clock.wallMs)
  assert.equal(latest.interval?.fromMs, clock.wallMs - 1_000)
  assert.deepEqual(
    [...countsIn(latest.interval ? [latest.interval] : []).keys()],
    [JSON.stringify(['host/3', 'load_get', 'ok'])],
  )
  assert.deepEqual(feed.history.intervals, [latest.interval])
  const engine = { incarnation: 0, up: false, lastReportMs: null, restarts: 0, rows: 0 }
  assert.deepEqual(latest.state, {
    timestampMs: clock.wallMs,
    engines: [
      { ...engine, source: '3', restarts: 1 },
      { ...engine, source: 'host/3', lastReportMs: clock.wallMs - 1_000, rows: 1, up: true },
    ],
    rejections: { truncated: 1 },
  })
  assert.deepEqual(latest.interval?.restarts, new Map([['3', 1]]))
  assert.deepEqual(latest.interval?.rejections, new Map([['truncated', 1]]))
  await pass()
  assert.deepEqual(Object.keys(feed.latest?.interval ?? {}).sort(), INTERVAL_FIELDS)
  await close()
})

test('an engine is open until it ends on purpose', async () => {
  const { aggregator, feed, pass, close } = await startFeed()
  const recorder = createRecorder(aggregator.connect(0))
  // Its thread ends without having closed its recorder.
  aggregator.connect(1).port.close()
  await pass()
  const open = () => feed.latest?.state.engines.map((engine) => engine.open)
  assert.deepEqual(open(), [undefined, undefined])
  recorder.close()
  await waitUntil('the end of the engine', async () => {
    await pass()
    return open()?.[0] === false
  })
  assert.deepEqual([feed.latest?.state.engines[0]?.up, open()], [false, [false, undefined]])
  await close()
})

test('listeners are called for each update until they unsubscribe', async () => {
  const { feed, pass, close } = await startFeed()
  const told: number[] = []
  const ends = [1, 2].map((listener) => feed.subscribe(() => told.push(listener)))
  await pass()
  ends[0]?.()
  await pass()
  assert.deepEqual(told, [1, 2, 2])
  await close()
  assert.deepEqual(told, [1, 2, 2, 2])
})

test('updatesAfter returns the missed updates while they are kept', async () => {
  const { feed, pass, close } = await startFeed()
  for (let count = 0; count < 3; count++) await pass()
  const sequences = (after: number) => feed.updatesAfter(after)?.map(({ sequence }) => sequence)
  assert.deepEqual(sequences(0), [1, 2, 3, 4])
  assert.deepEqual(sequences(2), [3, 4])
  assert.deepEqual(sequences(4), [])
  assert.equal(sequences(5), undefined)
  assert.equal(sequences(-1), undefined)
  for (let count = 0; count < 100; count++) await pass()
  assert.equal(sequences(4), undefined)
  assert.equal(sequences(44)?.length, 60)
  assert.equal(sequences(43), undefined)
  await close()
})

test('a failed snapshot is reported, and the next update covers its interval', async () => {
  const { aggregator, feed, close } = await startFeed()
  await close()
  let nowMs = 0
  const other = new EngineAggregator({ now: () => nowMs, monotonicNow: () => nowMs })
  let isFailing = false
  const source: LiveSource = {
    modelName: 'm',
    bounds: other.snapshot().bounds,
    isClosed: false,
    snapshot: async () => {
      if (isFailing) throw new Error('no snapshot')
      return other.snapshot()
    },
  }
  const failures: unknown[] = []
  const failing = new LiveFeed(source, {
    updateMs: 1,
    onError: (error) => {
      failures.push(error)
      // The second failure is an error of `onError` itself.
      if (failures.length === 2) throw new Error('in onError')
      return failures.length === 3 ? Promise.reject(new Error('later')) : undefined
    },
  })
  await waitUntil('an update', () => failing.latest)
  isFailing = true
  other.ingest(ROW, { engine: 1 })
  nowMs += 1_000
  await waitUntil('failures', () => failures.length >= 4)
  assert.match(String(failures[0]), /no snapshot/)
  isFailing = false
  const update = await waitUntil(
    'the next update',
    () => failing.latest?.interval && failing.latest,
  )
  assert.deepEqual([update.interval?.fromMs, update.interval?.toMs], [0, 1_000])
  assert.equal(countsIn(failing.history.intervals).size, 1)
  failing.close()
  assert.equal(feed.isClosed, true)
  assert.equal(aggregator.engines.length, 0)
  await other.close()
})

test('concurrent requests for updates are served one by one, each with the rows since the last', async () => {
  const { aggregator, feed, clock, close } = await startFeed()
  const engines = 1_000
  const ingestAll = () => {
    for (let engine = 0; engine < engines; engine++) aggregator.ingest(ROW, { engine })
  }
  // The first intervals compile the code and contain all engines.
  for (let count = 0; count < 3; count++) {
    ingestAll()
    clock.passedMs += 1_000
    clock.wallMs += 1_000
    await feed.update()
  }
  ingestAll()
  const updates: Promise<void>[] = []
  for (let count = 0; count < 3; count++) {
    updates.push(feed.update())
    await turn()
    clock.passedMs += 1_000
    clock.wallMs += 1_000
  }
  await Promise.all(updates)
  const { intervals } = feed.history
  for (const [index, { toMs }] of intervals.entries()) {
    assert.equal(intervals[index + 1]?.fromMs ?? toMs, toMs)
  }
  let rows = 0
  for (const counts of countsIn(feed.history.intervals).values()) rows += counts.rows
  assert.equal(rows, 4 * engines)
  await close()
})

test('after a slow update, the next one is later', async (context) => {
  const { feed: first, close } = await startFeed()
  let nowMs = 0
  context.mock.method(performance, 'now', () => nowMs)
  context.mock.timers.enable({ apis: ['setTimeout'] })
  let snapshots = 0
  const source: LiveSource = {
    ...{ modelName: 'm', bounds: first.source.bounds, isClosed: false },
    snapshot: () => {
      snapshots++
      nowMs += TOOK_MS
      return first.source.snapshot()
    },
  }
  const feed = new LiveFeed(source, { updateMs: 1 })
  const pass = async (ms: number) => {
    context.mock.timers.tick(ms)
    // The steps of an update wait for turns of the event loop.
    for (let turns = 0; turns < 20; turns++) await turn()
    return snapshots
  }
  assert.equal(await pass(1), 1)
  // Updates take at most a twentieth of the time.
  assert.equal(await pass(20 * TOOK_MS - 2), 1)
  assert.equal(await pass(1), 2)
  assert.equal(await pass(20 * TOOK_MS - 2), 2)
  assert.equal(await pass(1), 3)
  feed.close()
  await close()
})

test('a closed aggregator ends the feed after a last update, and listeners are called', async () => {
  const { aggregator, feed: never, close } = await startFeed()
  const feed = new LiveFeed(liveSourceOf(aggregator), { updateMs: 1 })
  await waitUntil('an update', () => feed.latest)
  let told = 0
  feed.subscribe(() => told++)
  await close()
  await waitUntil('the end', () => feed.isClosed)
  assert.ok(told > 0)
  assert.equal(never.isClosed, true)
  const { latest } = feed
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(feed.latest, latest)
})

test('a feed that is closed takes no further snapshots', async () => {
  let snapshots = 0
  const aggregator = new EngineAggregator()
  const own = liveSourceOf(aggregator)
  const source: LiveSource = {
    ...own,
    isClosed: false,
    snapshot: () => {
      snapshots++
      return own.snapshot()
    },
  }
  const feed = new LiveFeed(source, { updateMs: 1 })
  await waitUntil('snapshots', () => snapshots > 2)
  feed.close()
  feed.close()
  await turn()
  const taken = snapshots
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.equal(snapshots, taken)
  await aggregator.close()
})

test('two snapshots with equal times, or in the wrong order, cause no update', async () => {
  const aggregator = new EngineAggregator()
  const [first, second] = [aggregator.snapshot(), aggregator.snapshot()] as [Snapshot, Snapshot]
  const given = [second, first, second]
  const source: LiveSource = {
    modelName: 'm',
    bounds: first.bounds,
    isClosed: false,
    snapshot: async () => given.shift() ?? first,
  }
  const feed = new LiveFeed(source, { updateMs: NEVER_MS })
  await waitUntil('the first update', () => feed.latest)
  await feed.update()
  await feed.update()
  assert.deepEqual([feed.latest?.sequence, feed.history.intervals], [1, []])
  feed.close()
  await aggregator.close()
})

for (const [how, wallMs] of [
  ['back by an hour', -3_600_000],
  ['back by a few seconds', -4_000],
  ['ahead by an hour', 3_600_000],
] as const) {
  test(`a clock that is set ${how} restarts the history and all readers`, async () => {
    const { aggregator, feed, clock, pass, close } = await startFeed()
    for (let count = 0; count < 5; count++) await pass()
    const { sequence = 0 } = feed.latest ?? {}
    await pass(1_000, wallMs)
    assert.equal(feed.history.intervals.length, 0)
    assert.equal(feed.latest?.interval, undefined)
    assert.equal(feed.latest?.state.timestampMs, clock.wallMs)
    assert.equal(feed.updatesAfter(sequence), undefined)
    aggregator.ingest(ROW, { engine: 0 })
    for (let count = 0; count < 100; count++) await pass()
    const intervals: readonly LiveInterval[] = feed.history.intervals
    assert.equal(countsIn(intervals).get(JSON.stringify(['0', 'load_get', 'ok']))?.rows, 1)
    for (const [index, { fromMs, toMs }] of intervals.entries()) {
      assert.ok(toMs > fromMs && toMs <= clock.wallMs)
      assert.equal(fromMs, intervals[index - 1]?.toMs ?? clock.wallMs - 100_000)
    }
    await close()
  })
}

test('a clock that is corrected by less than two seconds restarts nothing', async () => {
  const { feed, clock, pass, close } = await startFeed()
  await pass()
  const { sequence = 0 } = feed.latest ?? {}
  // Set back by more than the elapsed time: the next update covers both intervals.
  await pass(1_000, -200)
  assert.equal(feed.latest?.sequence, sequence)
  await pass(1_000, 1_000)
  await pass(1_000, 2_500)
  assert.deepEqual(
    feed.history.intervals.map(({ fromMs, toMs }) => [fromMs - clock.wallMs, toMs - clock.wallMs]),
    [
      [-4_300, -3_300],
      [-3_300, -2_500],
      [-2_500, 0],
    ],
  )
  assert.equal(feed.updatesAfter(sequence)?.length, 2)
  await close()
})

test('updates do not keep intervals that the history has dropped', async () => {
  const { aggregator, feed, pass, close } = await startFeed({ historyBytesMax: 2 ** 16 })
  for (let count = 0; count < 20; count++) {
    for (let engine = 0; engine < 100; engine++) aggregator.ingest(ROW, { engine })
    await pass()
  }
  assert.ok(feed.history.bytes <= 2 ** 16)
  const [first] = feed.history.intervals
  const kept = feed.updatesAfter((feed.latest?.sequence ?? 0) - 1)
  assert.equal(kept?.length, 1)
  const all = Array.from({ length: 21 }, (_, sequence) => feed.updatesAfter(sequence))
  const longest = all.find((updates) => updates !== undefined)
  assert.equal(longest?.[0]?.interval, first)
  await close()
})

test('a feed does not keep a process alive', async (context) => {
  const code = `
    import { EngineAggregator } from 'moonmeter'
    import { dashboardHandler } from 'moonmeter/dashboard'
    dashboardHandler(new EngineAggregator())
    console.log('made')`
  const child = new Child(context, process.execPath, ['--input-type=module', '-e', code], {
    lifeMsMax: 60_000,
  })
  const { code: exitCode, stdout, stderr } = await child.end()
  assert.deepEqual([exitCode, stdout, stderr], [0, 'made\n', ''])
})
