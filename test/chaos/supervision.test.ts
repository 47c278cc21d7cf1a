import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EngineAggregator, PoolOptions } from '../../src/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import type { MortalTask } from '../support/engines/mortal-engine.js'
import { newPool } from '../support/engines/pools.js'
import { waitUntil } from '../support/processes/wait-until.js'

const filename = new URL('../support/engines/mortal-engine.js', import.meta.url)
const ROWS = 1_234
const TIMEOUT = { timeout: 150_000 }
/** Longer than the time limit of a test. */
const RESTART_MS = 600_000
/** Milliseconds by which a timer may be early, since it truncates its time and the clock. */
const EARLY_MS = 2

/** A pool of engines that count their own rows. */
function mortals(context: TestContext, name: string, options: Partial<PoolOptions> = {}) {
  const counters = new Map<number, SharedArrayBuffer>()
  const task = (engine: number): MortalTask => {
    const own = counters.get(engine) ?? new SharedArrayBuffer(16)
    counters.set(engine, own)
    return { counters: own, rows: ROWS }
  }
  const made = newPool(context, { filename, name, task, ...options })
  const counted = (engine: number, at: number) =>
    new Float64Array(counters.get(engine) ?? new SharedArrayBuffer(16))[at]
  return {
    ...made,
    begun: (engine: number) => counted(engine, 0),
    done: (engine: number) => counted(engine, 1),
  }
}

async function samplesOf(aggregator: EngineAggregator, name: string) {
  const samples = parseExposition(await aggregator.registry.metrics())
  return samples.filter((sample) => sample.name === name)
}

async function allDown(aggregator: EngineAggregator): Promise<boolean> {
  const [sample] = await samplesOf(aggregator, 'moonmeter_engines_up')
  return sample?.value === 0
}

for (const reason of ['error', 'exit', 'out_of_memory'] as const) {
  test(
    `an engine that dies by ${reason} is restarted up to the limit, with an event and a count by reason, and then fails`,
    TIMEOUT,
    async (context) => {
      const restartsMax = 3
      const { aggregator, pool, done } = mortals(context, reason, {
        restart: { delayMsMin: 40, delayMsMax: 100, restartsMax },
        resourceLimits: { maxOldGenerationSizeMb: 24 },
      })
      const delaysMs: number[] = []
      const waitedMs: number[] = []
      const exits: unknown[] = []
      let exitMs = 0
      pool.on('exit', (event) => {
        exitMs = performance.now()
        exits.push([event.engine, event.incarnation, event.reason, event.error.code])
      })
      pool.on('restart', (event) => {
        waitedMs.push(performance.now() - exitMs)
        delaysMs.push(event.delayMs)
        assert.deepEqual([event.engine, event.reason], [0, reason])
      })
      const [outcome] = await pool.run()
      assert.ok(outcome.state === 'failed')
      assert.deepEqual([outcome.engine, outcome.reason], [0, reason])
      assert.deepEqual(
        exits,
        [1, 2, 3, 4].map((incarnation) => [0, incarnation, reason, 'ENGINE_FAILED']),
      )
      for (const [index, wholeMs] of [40, 80, 100].entries()) {
        const delayMs = delaysMs[index] ?? Number.NaN
        assert.ok(delayMs >= wholeMs / 2 && delayMs <= wholeMs, `${delayMs} of ${wholeMs} ms`)
        const { [index]: waited = 0 } = waitedMs
        assert.ok(waited >= delayMs - EARLY_MS, `${waited} of ${delayMs} ms`)
      }
      await waitUntil('the end of all incarnations', () => allDown(aggregator))
      const restarts = await samplesOf(aggregator, 'moonmeter_engine_restarts_total')
      assert.deepEqual(
        restarts.map(({ labels, value }) => [labels, value]),
        [[{ engine: '0', reason }, restartsMax]],
      )
      assert.equal(done(0), (restartsMax + 1) * ROWS)
      assert.equal(aggregator.stats(0).rows, done(0))
      console.log(
        `dies by ${reason}: ${exits.length} incarnations, delays ` +
          `${delaysMs.map((ms) => ms.toFixed(0)).join(', ')} ms of 40, 80, 100; ` +
          `${aggregator.stats(0).rows} of ${done(0)} rows`,
      )
    },
  )
}

test('engines that die at the same time restart at different times', TIMEOUT, async (context) => {
  const { pool } = mortals(context, 'error', {
    engines: 4,
    restart: { delayMsMin: 50, restartsMax: 1 },
  })
  const delaysMs = new Set<number>()
  pool.on('restart', ({ delayMs }) => delaysMs.add(delayMs))
  await pool.run()
  assert.equal(delaysMs.size, 4)
})

test(
  'engines that are stopped get the signal, return, and their last report arrives',
  TIMEOUT,
  async (context) => {
    const { aggregator, pool, done } = mortals(context, 'graceful', {
      engines: 3,
      stopTimeoutMs: 20_000,
    })
    void pool.run()
    await waitUntil('rows of all', () => [0, 1, 2].every((engine) => done(engine) > 0))
    const outcomes = await pool.stop()
    assert.deepEqual(
      outcomes,
      [0, 1, 2].map((engine) => ({
        engine,
        state: 'finished',
        result: { heard: true, stopRequested: true },
      })),
    )
    await waitUntil('the last reports', () => allDown(aggregator))
    const records = await samplesOf(aggregator, 'moonmeter_engine_records_total')
    assert.deepEqual(
      records.map(({ value }) => value),
      [0, 1, 2].map(done),
    )
    assert.deepEqual(await samplesOf(aggregator, 'moonmeter_engine_restarts_total'), [])
  },
)

test(
  'engines that are stopped before their threads have started stop, too',
  TIMEOUT,
  async (context) => {
    const { aggregator, pool, done } = mortals(context, 'graceful', {
      engines: 2,
      stopTimeoutMs: 20_000,
    })
    void pool.run()
    const states = (await pool.stop()).map(({ state }) => state)
    assert.deepEqual(states, ['finished', 'finished'])
    await waitUntil('the last reports', () => allDown(aggregator))
    for (const engine of [0, 1]) assert.equal(aggregator.stats(engine).rows, done(engine))
  },
)

test(
  'an engine that hangs is ended after the time-out, and every row of it counts',
  TIMEOUT,
  async (context) => {
    const stopTimeoutMs = 200
    const { aggregator, pool, begun, done } = mortals(context, 'hung', {
      engines: 2,
      stopTimeoutMs,
      restart: { delayMsMin: 1 },
    })
    const reasons: string[] = []
    pool.on('exit', ({ reason }) => reasons.push(reason))
    void pool.run()
    await waitUntil('rows of both', () => done(0) > 0 && done(1) > 0)
    const startMs = performance.now()
    const outcomes = await pool.stop()
    const tookMs = performance.now() - startMs
    assert.ok(
      outcomes.every((outcome) => outcome.state === 'failed' && outcome.reason === 'aborted'),
    )
    assert.deepEqual(reasons, ['aborted', 'aborted'])
    assert.ok(tookMs >= stopTimeoutMs - EARLY_MS)
    // A port closes some time after the end of its thread; until then, an engine may be down
    // because of silence.
    for (const engine of [0, 1]) {
      const rowsOf = () => aggregator.stats(engine).rows
      await waitUntil(`every row of engine ${engine}`, () => rowsOf() >= done(engine))
      assert.ok(rowsOf() <= begun(engine), `${rowsOf()} of ${begun(engine)}`)
    }
    await waitUntil('the end of both', () => allDown(aggregator))
    console.log(
      `stop of two that hang: ${tookMs.toFixed(0)} ms with a time-out of ${stopTimeoutMs} ms; ` +
        `${aggregator.stats().rows} of ${done(0) + done(1)} rows`,
    )
  },
)

test('stop does not wait for a restart that is due, and none follows', TIMEOUT, async (context) => {
  const { aggregator, pool, done } = mortals(context, 'exit', {
    restart: { delayMsMin: RESTART_MS, delayMsMax: RESTART_MS },
    stopTimeoutMs: RESTART_MS,
  })
  const starts: number[] = []
  pool.on('start', ({ incarnation }) => starts.push(incarnation))
  const died = once(pool, 'exit')
  void pool.run()
  await died
  await sleep(20)
  await pool.stop()
  assert.deepEqual(starts, [1])
  assert.equal(aggregator.stats(0).rows, done(0))
  assert.deepEqual(await samplesOf(aggregator, 'moonmeter_engine_restarts_total'), [])
})
