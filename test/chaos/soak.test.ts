import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineAggregator, EnginePool } from '../../src/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { median, memoryInUse, mib } from '../support/assertions/memory.js'
import { growingSamples } from '../support/assertions/store-series.js'
import type { MortalTask } from '../support/engines/mortal-engine.js'
import { waitUntil } from '../support/processes/wait-until.js'

const SECONDS = Number(process.env.MOONMETER_SOAK_SECONDS ?? 1)
const ENGINES = 3
const ROWS = 200
/** Minimum rounds of a run, regardless of their duration, and restarts of a round. */
const ROUNDS_MIN = 4
const RESTARTS = Math.round(Math.min(50, Math.max(4, SECONDS / 4)))
const WARM_UP = 0.5
/** Maximum growth of the heap; a journal takes 8 % of it. */
const HEAP_GROWTH_MAX = 0.05
const SCRAPE_MS = 10
const TIMEOUT = { timeout: (2 * SECONDS + 60) * 1_000 }
const ENGINE_FILE = new URL('../support/engines/mortal-engine.js', import.meta.url)

/** The state of a test of engines that restart. */
class Soak {
  readonly counters = Array.from({ length: ENGINES }, () => new SharedArrayBuffer(16))
  readonly aggregator = new EngineAggregator({
    intervalMs: 50,
    logIntervalMs: 200,
    log: () => {
      this.lines++
    },
  })
  lines = 0
  lives = 0
  restarts = 0
  scrapes = 0
  /** Counters that went down from one scrape to the next. */
  wentDown = 0
  #before = new Map<string, number>()

  /** Runs engines that die and restart, with concurrent scrapes, until all have ended. */
  async round(): Promise<void> {
    const pool = new EnginePool({
      aggregator: this.aggregator,
      filename: ENGINE_FILE,
      name: 'restless',
      engines: ENGINES,
      task: (engine): MortalTask => ({ counters: this.counters[engine], rows: ROWS }),
      restart: { delayMsMin: 1, delayMsMax: 20, restartsMax: 2 ** 31 },
      stopTimeoutMs: 20_000,
    })
    pool.on('start', () => this.lives++)
    pool.on('restart', () => this.restarts++)
    void pool.run()
    const end = this.restarts + RESTARTS
    while (this.restarts < end) {
      await this.scrape()
      await sleep(SCRAPE_MS)
    }
    const outcomes = await pool.stop()
    // An engine may die at the time of the stop request, but must not be aborted.
    assert.ok(
      outcomes.every((outcome) => outcome.state === 'finished' || outcome.reason !== 'aborted'),
    )
    await waitUntil('the end of all incarnations', async () =>
      /^moonmeter_engines_up 0$/m.test(await this.aggregator.registry.metrics()),
    )
  }

  async scrape(): Promise<void> {
    const now = growingSamples(parseExposition(await this.aggregator.registry.metrics()))
    for (const [key, value] of this.#before) if ((now.get(key) ?? -1) < value) this.wentDown++
    this.#before = now
    this.scrapes++
  }
}

test(
  `while engines die and are restarted for ${SECONDS} s the heap stays flat and totals are exact`,
  TIMEOUT,
  async (context) => {
    const soak = new Soak()
    const { aggregator, counters } = soak
    context.after(() => aggregator.close())
    // Measured after each round, without journals of running engines.
    const heaps: number[] = []
    const endMs = performance.now() + SECONDS * 1_000
    while (performance.now() < endMs || heaps.length < ROUNDS_MIN) {
      await soak.round()
      heaps.push((await memoryInUse()).heap)
    }

    const done = counters.map((counter) => new Float64Array(counter)[1])
    const rows = done.map((_, engine) => aggregator.stats(engine).rows)
    const warm = heaps.slice(WARM_UP * heaps.length)
    const third = Math.ceil(warm.length / 3)
    const [first, last] = [median(warm.slice(0, third)), median(warm.slice(-third))]
    const growth = last / first - 1
    const { lives, scrapes, lines, wentDown, restarts } = soak
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
    assert.ok(lives > ENGINES * heaps.length && lines > 0)
    assert.ok(growth <= HEAP_GROWTH_MAX, `${(100 * growth).toFixed(2)} %`)
  },
)
