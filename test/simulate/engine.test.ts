import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedBlockStore } from '../../src/simulate/block-store.js'
import { type EngineOptions, runEngine } from '../../src/simulate/engine.js'
import { LatencyModel } from '../../src/simulate/latency.js'
import type { StoreCall } from '../../src/simulate/store-call.js'
import type { Trace } from '../../src/simulate/trace.js'
import { FakeClock } from './fake-clock.js'
import { traceLine, traceOf } from './trace-file.js'

/** Checks take 100 ms, and transfers almost no time. */
const TENTH_SECOND_CHECKS = {
  checkMedianSeconds: 0.1,
  checkSigma: 0,
  floorSeconds: 0,
  transferSigma: 0,
}

interface TimedRow extends StoreCall {
  readonly atMs: number
}

/** One engine that replays a trace on a fake clock; rows have the time since its start. */
function engineOn(
  trace: Trace,
  { clock = new FakeClock(), ...given }: Partial<EngineOptions> & { clock?: FakeClock } = {},
) {
  const startMs = clock.nowMs()
  const rows: TimedRow[] = []
  const options: EngineOptions = {
    engine: 0,
    engines: 1,
    source: { kind: 'trace', trace },
    store: SharedBlockStore.create(Math.max(1, trace.blockCount)),
    latency: new LatencyModel(1, 0, TENTH_SECOND_CHECKS),
    record: (call) => rows.push({ ...call, atMs: clock.nowMs() - startMs }),
    bytesPerBlock: 1,
    speed: 1,
    stopRequested: () => false,
    clock,
    ...given,
  }
  return { clock, rows, run: () => clock.run(runEngine(options)) }
}

/** A trace of requests with one full block each, all different, at those times. */
function singles(timestamps: readonly number[]): Promise<Trace> {
  return traceOf(timestamps.map((at, id) => traceLine(at, 513, [id * 2, id * 2 + 1])))
}

test('requests start at their arrival divided by the speed, and calls take their duration', async () => {
  const { rows, run } = engineOn(await singles([0, 0, 3000]), { speed: 2 })
  const tally = await run()
  const at = (operation: string) =>
    rows.filter((row) => row.operation === operation).map((row) => Math.round(row.atMs * 1e3) / 1e3)
  assert.deepEqual(at('lookup_exists'), [50, 800, 1550])
  assert.deepEqual(at('save_exists'), [100, 850, 1600])
  assert.deepEqual(at('save_put'), [100, 850, 1600])
  assert.deepEqual(new Set(rows.map((row) => row.durationSeconds).slice(0, 2)), new Set([0.1]))
  assert.equal(tally.save_put.calls, 3)
})

test('an engine ends with its trace, after it has finished the last calls', async () => {
  const { clock, rows, run } = engineOn(await singles([0, 1000]))
  const startMs = clock.nowMs()
  const tally = await run()
  assert.equal(tally.lookup_exists.calls, 2)
  assert.equal(rows.length, 6)
  assert.ok(clock.nowMs() - startMs < 1300)
})

test('an engine ends on request, and calls in flight are not recorded', async () => {
  const timestamps = Array.from({ length: 50 }, (_, index) => index * 100)
  const clock = new FakeClock()
  const startMs = clock.nowMs()
  const stopRequested = () => clock.nowMs() - startMs >= 950
  const { rows, run } = engineOn(await singles(timestamps), { stopRequested, clock })
  const tally = await run()
  assert.ok(clock.nowMs() - startMs <= 1050)
  // Of the ten that started, the last one's lookup would have ended at 1000 ms.
  assert.equal(tally.lookup_exists.calls, 9)
  assert.equal(tally.save_exists.calls, 8)
  assert.equal(rows.length, 9 + 8 + 8)
})

test('a waiting engine stops within 100 ms after the request', async () => {
  const clock = new FakeClock()
  const startMs = clock.nowMs()
  const { run } = engineOn(await singles([0, 3_600_000]), {
    stopRequested: () => clock.nowMs() - startMs >= 5_000,
    clock,
  })
  const tally = await run()
  assert.equal(tally.lookup_exists.calls, 1)
  assert.ok(clock.nowMs() - startMs <= 5_100, `${clock.nowMs() - startMs} ms`)
})

test('an engine with a request to stop from the start makes no calls, at any speed', async () => {
  for (const speed of [1, 'max'] as const) {
    const { rows, run } = engineOn(await singles([0]), { speed, stopRequested: () => true })
    assert.equal((await run()).lookup_exists.calls, 0)
    assert.equal(rows.length, 0)
  }
})

test('at most 64 requests are in flight, and the others arrive late', async () => {
  const { clock, rows, run } = engineOn(await singles(new Array(200).fill(0)))
  const tally = await run()
  assert.equal(tally.save_put.calls, 200)
  assert.equal(clock.sleepersMax, 64)
  const lookups = rows.filter((row) => row.operation === 'lookup_exists')
  // Four rounds of up to 64, each of two checks of 100 ms.
  assert.deepEqual([...new Set(lookups.map((row) => Math.round(row.atMs)))], [100, 300, 500, 700])
})

test('the option limits the number of requests in flight', async () => {
  const { clock, run } = engineOn(await singles(new Array(20).fill(0)), { inFlightMax: 3 })
  assert.equal((await run()).save_put.calls, 20)
  assert.equal(clock.sleepersMax, 3)
})

test('at speed max an engine only yields to the event loop, every 64 requests', async () => {
  const trace = await singles(Array.from({ length: 300 }, (_, index) => index * 10_000))
  const { clock, run } = engineOn(trace, { speed: 'max' })
  const startMs = clock.nowMs()
  assert.equal((await run()).lookup_exists.calls, 300)
  assert.deepEqual(clock.sleepsMs, [0, 0, 0, 0])
  assert.equal(clock.nowMs(), startMs)
})

test('an engine with late requests yields to the event loop', async () => {
  const trace = await traceOf(Array.from({ length: 640 }, () => traceLine(0, 0, [])))
  const { clock, run } = engineOn(trace, { speed: 1e9 })
  await run()
  assert.ok(clock.sleepsMs.filter((ms) => ms === 0).length >= 9)
})

test('generated traffic at speed max runs on the system clock until it is stopped', async () => {
  let calls = 0
  let stopped = false
  // The timer fires only if the engine yields to the event loop.
  setTimeout(() => {
    stopped = true
  }, 50)
  const tally = await runEngine({
    engine: 1,
    engines: 2,
    source: { kind: 'traffic', traffic: { seed: 1, blockTokens: 512, requestsPerSecond: 3.4 } },
    store: SharedBlockStore.create(2 ** 16),
    latency: new LatencyModel(1, 1),
    record: () => calls++,
    bytesPerBlock: 1,
    speed: 'max',
    stopRequested: () => stopped,
  })
  // The first 64 requests are done before the timer can fire, of three calls at least.
  assert.ok(calls >= 3 * 64)
  const total = Object.values(tally).reduce((sum, counts) => sum + counts.calls, 0)
  assert.equal(total, calls)
})

test('an engine rejects if record throws, after the requests in flight have ended', async () => {
  for (const speed of [1, 'max'] as const) {
    const { run } = engineOn(await singles([0, 0, 3000]), {
      speed,
      record: () => {
        throw new Error('cannot record')
      },
    })
    await assert.rejects(run(), /cannot record/)
  }
})
