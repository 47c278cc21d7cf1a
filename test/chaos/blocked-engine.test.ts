import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { SELF_METRICS, STORE_METRICS } from '../../src/catalogue.js'
import { EngineAggregator, metricsHandler } from '../../src/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { median } from '../support/assertions/memory.js'
import { type BlockingTask, ROWS_BEFORE } from '../support/engines/blocking-engine.js'
import { serve } from '../support/processes/servers.js'
import { waitUntil } from '../support/processes/wait-until.js'

const SCRAPES = 100
const DELAY_MS_MAX = 50
const INTERVAL_MS = 100
/**
 * Maximum age of the counts: after an interval, the journal is read; the rest is a margin for a
 * busy machine.
 */
const AGE_MS_MAX = 3 * INTERVAL_MS
/**
 * Maximum rounds: a scrape that waits for an engine would be slow in every round, but a busy
 * machine only in some.
 */
const ROUNDS_MAX = 20
const TIMEOUT = { timeout: 150_000 }
const ENGINE_FILE = new URL('../support/engines/blocking-engine.js', import.meta.url)

/** One scrape: its duration, and the values of engine 0. */
interface Scrape {
  readonly tookMs: number
  readonly rows: number
  readonly records: number
  readonly up: number
  readonly reports: number
  readonly lastReportSeconds: number
}

/** A worker with an engine, a server, and the engine's own count of rows. */
class Blocked {
  readonly #url: string
  readonly #rows: Float64Array
  readonly #go: Int32Array

  static async start(context: TestContext, rowsMax: number): Promise<Blocked> {
    const aggregator = new EngineAggregator({ intervalMs: INTERVAL_MS })
    const url = await serve(context, metricsHandler(aggregator))
    const counters = new SharedArrayBuffer(16)
    const go = new SharedArrayBuffer(4)
    const task: BlockingTask = { link: aggregator.connect(0), counters, go, rowsMax }
    const transferList = [...task.link.transferList]
    const worker = new Worker(ENGINE_FILE, { workerData: task, transferList })
    context.after(async () => {
      await worker.terminate()
      await aggregator.close()
    })
    return new Blocked(url, new Float64Array(counters), new Int32Array(go))
  }

  constructor(url: string, rows: Float64Array, go: Int32Array) {
    this.#url = url
    this.#rows = rows
    this.#go = go
  }

  get begun(): number {
    return this.#rows[0]
  }

  get done(): number {
    return this.#rows[1]
  }

  block(): void {
    Atomics.store(this.#go, 0, 1)
  }

  async scrape(): Promise<Scrape> {
    const startMs = performance.now()
    const response = await fetch(`${this.#url}/metrics`)
    const text = await response.text()
    const tookMs = performance.now() - startMs
    assert.equal(response.status, 200)
    const samples = parseExposition(text)
    const value = (name: string) =>
      samples.find((sample) => sample.name === name && sample.labels.engine === '0')?.value ?? 0
    return {
      tookMs,
      rows: value(STORE_METRICS.operations.name),
      records: value(SELF_METRICS.records.name),
      up: value(SELF_METRICS.engineUp.name),
      reports: value(SELF_METRICS.reports.name),
      lastReportSeconds: value(SELF_METRICS.lastReport.name),
    }
  }

  /** Consecutive scrapes, with the engine's own count before and after each. */
  async scrapes(look: (scrape: Scrape, doneBefore: number, begunAfter: number) => void) {
    const all: Scrape[] = []
    for (let index = 0; index < SCRAPES; index++) {
      const doneBefore = this.done
      const scrape = await this.scrape()
      look(scrape, doneBefore, this.begun)
      all.push(scrape)
      await sleep(5)
    }
    return all
  }
}

/**
 * The rule: each of 100 scrapes while the engine is blocked takes at most 50 ms more than the
 * median of 100 earlier scrapes, and is current. One of up to 20 rounds of 100 scrapes must
 * satisfy it.
 */
async function assertPrompt(
  before: readonly Scrape[],
  what: string,
  round: () => Promise<readonly Scrape[]>,
  isCurrent: (scrapes: readonly Scrape[]) => boolean = () => true,
): Promise<readonly Scrape[]> {
  const timesOf = (scrapes: readonly Scrape[]) => scrapes.map(({ tookMs }) => tookMs)
  const limitMs = median(timesOf(before)) + DELAY_MS_MAX
  const text = (times: readonly number[]) =>
    `median ${median(times).toFixed(1)} ms, slowest ${Math.max(...times).toFixed(1)} ms`
  for (let rounds = 1; ; rounds++) {
    const scrapes = await round()
    const times = timesOf(scrapes)
    const isPrompt = Math.max(...times) <= limitMs
    const isGood = isPrompt && isCurrent(scrapes)
    if (!isGood && rounds < ROUNDS_MAX) continue
    console.log(
      `${SCRAPES} scrapes ${what}: ${text(times)} (round ${rounds}); without it: ` +
        `${text(timesOf(before))}; allowed for each ${limitMs.toFixed(1)} ms`,
    )
    assert.ok(
      isGood,
      `a scrape in each of ${rounds} rounds took longer than ${limitMs} ms, or was not current`,
    )
    return scrapes
  }
}

async function scrapesBefore(blocked: Blocked): Promise<readonly Scrape[]> {
  await waitUntil('reports', async () => (await blocked.scrape()).reports >= 3)
  return blocked.scrapes(({ rows }) => assert.equal(rows, ROWS_BEFORE))
}

test(
  'scrapes are fast and current while an engine records in an endless loop, and the engine continues to report',
  TIMEOUT,
  async (context) => {
    const blocked = await Blocked.start(context, Number.POSITIVE_INFINITY)
    const before = await scrapesBefore(blocked)
    blocked.block()
    await waitUntil('the loop', () => blocked.done > ROWS_BEFORE)
    const counted: { readonly atMs: number; readonly done: number }[] = []
    let ageMs = 0
    let rowsBefore = 0
    const round = () => {
      ageMs = 0
      return blocked.scrapes(({ rows, records }, doneBefore, begunAfter) => {
        counted.push({ atMs: performance.now(), done: doneBefore })
        assert.ok(rows >= rowsBefore && rows <= begunAfter, `${rows} of ${begunAfter}`)
        assert.equal(records, rows)
        rowsBefore = rows
        // The last time at which the engine's own count was at most the scraped count.
        const seen = counted.findLast(({ done }) => done <= rows)
        if (seen !== undefined) ageMs = Math.max(ageMs, performance.now() - seen.atMs)
      })
    }
    const scrapes = await assertPrompt(before, 'beside a recording loop', round, (all) => {
      return ageMs <= AGE_MS_MAX && all.every(({ up }) => up === 1)
    })
    const [first, last] = [scrapes[0], scrapes[scrapes.length - 1]]
    const distinct = new Set(scrapes.map(({ rows }) => rows)).size
    console.log(
      `recording loop: ${last.rows - first.rows} rows and ${last.reports - first.reports} reports ` +
        `between the scrapes, ${distinct} different counts, none older than ${ageMs.toFixed(0)} ms ` +
        `(interval ${INTERVAL_MS} ms)`,
    )
    assert.ok(last.reports > first.reports)
    assert.ok(last.lastReportSeconds > first.lastReportSeconds)
    assert.ok(distinct >= 3)
  },
)

test(
  'scrapes are fast and exact while an engine loops without recording, and expose it as not up',
  TIMEOUT,
  async (context) => {
    const rowsMax = ROWS_BEFORE + 12_345
    const blocked = await Blocked.start(context, rowsMax)
    const before = await scrapesBefore(blocked)
    blocked.block()
    await waitUntil('the last row', () => blocked.done === rowsMax)
    const silent = await waitUntil('silence', async () => {
      const scrape = await blocked.scrape()
      return scrape.up === 0 && scrape
    })
    const scrapes = await assertPrompt(before, 'beside a loop that records nothing', () =>
      blocked.scrapes(({ rows, records, up, reports, lastReportSeconds }) => {
        assert.deepEqual([rows, records, up], [rowsMax, rowsMax, 0])
        assert.deepEqual([reports, lastReportSeconds], [silent.reports, silent.lastReportSeconds])
      }),
    )
    const silentSeconds = Date.now() / 1e3 - silent.lastReportSeconds
    console.log(
      `silent loop: ${scrapes.at(-1)?.rows} of ${rowsMax} rows shown, up ${silent.up}, last report ` +
        `${silentSeconds.toFixed(1)} s ago and none since`,
    )
    assert.ok(silentSeconds > (3 * INTERVAL_MS) / 1e3)
  },
)
