import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineAggregator, EnginePool } from '../../src/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { median, memoryInUse, mib } from '../support/assertions/memory.js'
import { growingSamples } from '../support/assertions/store-series.js'
import type { MortalTask } from '../support/engines/mortal-engine.js'
import { waitUntil } from '../support/processes/wait-until.js'

const SECONDS = Number(process.env.MOONMETER_SOAK_SECONDS ?? 20)
const ENGINES = 3
const ROWS = 200
const WARM_UP = 0.25
const HEAP_GROWTH_MAX = 0.05
const SCRAPE_MS = 10
const HEAP_MS = 200
const TIMEOUT = { timeout: (SECONDS + 60) * 1_000 }

test(
  `in ${SECONDS} s of engines that die and are restarted the heap stays flat and totals are exact`,
  TIMEOUT,
  async (context) => {
    let lines = 0
    const aggregator = new EngineAggregator({
      intervalMs: 50,
      logIntervalMs: 500,
      log: () => {
        lines++
      },
    })
    const counters = Array.from({ length: ENGINES }, () => new SharedArrayBuffer(16))
    const pool = new EnginePool({
      aggregator,
      filename: new URL('../support/engines/mortal-engine.js', import.meta.url),
      name: 'restless',
      engines: ENGINES,
      task: (engine): MortalTask => ({ counters: counters[engine], rows: ROWS }),
      restart: { delayMsMin: 1, delayMsMax: 20, restartsMax: 2 ** 31 },
      stopTimeoutMs: 20_000,
    })
    context.after(async () => {
      await pool.stop()
      await aggregator.close()
    })
    let lives = 0
    let restarts = 0
    pool.on('start', () => lives++)
    pool.on('restart', () => restarts++)
    void pool.run()

    const startMs = performance.now()
    const heaps: { readonly atMs: number; readonly heap: number }[] = []
    let [scrapes, wentDown, nextHeapMs] = [0, 0, 0]
    let before = new Map<string, number>()
    for (let atMs = 0; atMs < SECONDS * 1_000; atMs = performance.now() - startMs) {
      const now = growingSamples(parseExposition(await aggregator.registry.metrics()))
      for (const [key, value] of before) if ((now.get(key) ?? -1) < value) wentDown++
      before = now
      scrapes++
      if (atMs >= nextHeapMs) {
        heaps.push({ atMs, heap: (await memoryInUse()).heap })
        nextHeapMs = atMs + HEAP_MS
      }
      await sleep(SCRAPE_MS)
    }
    const outcomes = await pool.stop()
    // An engine may die of itself in the moment in which it is asked to stop, but not be aborted.
    assert.ok(
      outcomes.every((outcome) => outcome.state === 'finished' || outcome.reason !== 'aborted'),
    )
    await waitUntil('the end of all incarnations', async () =>
      /^moonmeter_engines_up 0$/m.test(await aggregator.registry.metrics()),
    )

    const done = counters.map((counter) => new Float64Array(counter)[1])
    const rows = done.map((_, engine) => aggregator.stats(engine).rows)
    const warmMs = WARM_UP * SECONDS * 1_000
    const warm = heaps.filter(({ atMs }) => atMs >= warmMs).map(({ heap }) => heap)
    const third = Math.floor(warm.length / 3)
    const [first, last] = [median(warm.slice(0, third)), median(warm.slice(-third))]
    const growth = last / first - 1
    console.log(
      `${SECONDS} s of soak: ${lives} incarnations, ${scrapes} scrapes, ${lines} log lines, ` +
        `counters that went down ${wentDown}; ${rows.reduce((sum, own) => sum + own, 0)} of ` +
        `${done.reduce((sum, own) => sum + own, 0)} rows; heap over ${warm.length} looks ` +
        `${mib(first)} in the first third, ${mib(last)} in the last (${(100 * growth).toFixed(2)} %)`,
    )
    assert.equal(wentDown, 0)
    assert.deepEqual(rows, done)
    const samples = parseExposition(await aggregator.registry.metrics())
    const counted = samples
      .filter(({ name }) => name === 'moonmeter_engine_restarts_total')
      .reduce((sum, { value }) => sum + value, 0)
    assert.equal(counted, restarts)
    assert.ok(lives > ENGINES && lines > 0)
    assert.ok(growth <= HEAP_GROWTH_MAX, `${(100 * growth).toFixed(2)} %`)
  },
)
