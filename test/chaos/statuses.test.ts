import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { STORE_METRICS } from '../../src/catalogue.js'
import { EngineAggregator, MooncakeStoreConnectorStats } from '../../src/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { type ParsedSample, parseExposition } from '../support/assertions/exposition.js'
import { MIB, memoryInUse, mib } from '../support/assertions/memory.js'
import { countsOfSamples } from '../support/assertions/store-series.js'
import { startRecording } from '../support/engines/recording.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

/** A million in the long form. */
const FLOOD = Number(process.env.MOONMETER_FLOOD ?? 200_000)
const BATCH = 1_000
const SOME = 10_000
/** Maximum statuses of an operation in a journal and in stats, with `other`, as in the README. */
const JOURNAL_STATUSES = 8 + 1
const STATS_STATUSES = 16 + 1
const JOURNAL_SERIES = 32
const STATS_OPERATIONS = 64 + 1

const HEAP_GROWTH_MAX = 4 * MIB
const TIMEOUT = { timeout: 150_000 }

/** Numbers of row `n`, whose sums over many rows are exact. */
const durationOf = (n: number) => (n % 8) / 8
const bytesOf = (n: number) => n % 1_024
const row = (n: number, status: string) => ({
  duration_seconds: durationOf(n),
  num_keys: 2,
  num_bytes: bytesOf(n),
  status,
  num_failed_keys: n % 3,
})

/** Sums of the first rows, computed by a plain loop. */
function expected(count: number) {
  let [seconds, bytes, failedKeys] = [0, 0, 0]
  for (let n = 0; n < count; n++) {
    seconds += durationOf(n)
    bytes += bytesOf(n)
    failedKeys += n % 3
  }
  return { calls: count, keys: 2 * count, bytes, failedKeys, seconds }
}

async function shown(aggregator: EngineAggregator) {
  const samples = parseExposition(await aggregator.registry.metrics())
  const series = samples.filter(({ name }) => name === STORE_METRICS.operations.name)
  const { errors: _, ...counts } = countsOfSamples(samples)
  const seconds = samples
    .filter(({ name }) => name === `${STORE_METRICS.durationSeconds.name}_sum`)
    .reduce((sum, { value }) => sum + value, 0)
  return { samples, series, totals: { ...counts, seconds } }
}

function rowsOf(series: readonly ParsedSample[], label: string, value: string): number {
  return series
    .filter(({ labels }) => labels[label] === value)
    .reduce((sum, sample) => sum + sample.value, 0)
}

/** Runs the flood and checks that memory grew by a few MiB at most. */
async function bounded(what: string, flood: () => Promise<string> | string): Promise<void> {
  const before = await memoryInUse()
  const startMs = performance.now()
  const figures = await flood()
  const seconds = ((performance.now() - startMs) / 1e3).toFixed(1)
  const after = await memoryInUse()
  const heap = `heap ${mib(before.heap)} before, ${mib(after.heap)} after`
  console.log(`${what}: ${figures}; ${heap}; ${seconds} s`)
  assert.ok(after.heap - before.heap < HEAP_GROWTH_MAX, heap)
}

// The first scrape allocates compiled code and buffers, which must not count as memory of a flood.
before(async () => {
  const { aggregator, recorder, close } = startRecording()
  recorder.record('load_get', 0, 0)
  await close()
  await shown(aggregator)
})

test(
  `${FLOOD} statuses through a recorder are as many series as the README says, exact in sum`,
  TIMEOUT,
  async () => {
    const { aggregator, recorder, close } = startRecording()
    recorder.record('load_get', 0, 0)
    await bounded(`${FLOOD} statuses through a recorder`, async () => {
      for (let n = 0; n < FLOOD; n++) {
        const options = { numBytes: bytesOf(n), status: `s${n}`, numFailedKeys: n % 3 }
        recorder.record('save_put', durationOf(n), 2, options)
      }
      await close()
      const { series, totals } = await shown(aggregator)
      assert.equal(series.length, JOURNAL_STATUSES + 1)
      assert.equal(rowsOf(series, 'status', 'other'), FLOOD - JOURNAL_STATUSES + 1)
      const { calls, ...sums } = expected(FLOOD)
      assert.deepEqual(totals, { ...sums, calls: calls + 1 })
      assert.equal(aggregator.stats(0).rows, FLOOD + 1)
      return `${series.length - 1} series, ${totals.calls - 1} rows`
    })
    await close()
  },
)

test(
  `${FLOOD} statuses in payloads of rows are as many series as the README says, exact in sum`,
  TIMEOUT,
  async () => {
    const aggregator = new EngineAggregator()
    await bounded(`${FLOOD} statuses in payloads of rows`, async () => {
      for (let n = 0; n < FLOOD; n += BATCH) {
        const rows = Array.from({ length: BATCH }, (_, index) => row(n + index, `s${n + index}`))
        assert.ok(aggregator.ingest(pack({ save_put: rows }), { engine: 0 }).accepted)
      }
      const { series, totals } = await shown(aggregator)
      assert.equal(series.length, STATS_STATUSES)
      assert.equal(rowsOf(series, 'status', 'other'), FLOOD - STATS_STATUSES + 1)
      assert.deepEqual(totals, expected(FLOOD))
      return `${series.length} series, ${totals.calls} rows`
    })
    await aggregator.close()
  },
)

test(
  `${FLOOD} statuses in stats are as many series as the README says, exact in sum`,
  TIMEOUT,
  async () => {
    const stats = new MooncakeStoreConnectorStats()
    await bounded(`${FLOOD} statuses in stats`, () => {
      for (let n = 0; n < FLOOD; n++) {
        const options = { numBytes: bytesOf(n), status: `s${n}`, numFailedKeys: n % 3 }
        stats.recordOperation('save_put', durationOf(n), 2, options)
      }
      const series = [...stats.series()]
      assert.equal(series.length, STATS_STATUSES)
      const { bytes, failedKeys, keys, calls, seconds } = expected(FLOOD)
      const figures = stats.reduce()
      assert.equal(figures.save_put_count, calls)
      assert.equal(figures.save_put_total_keys, keys)
      assert.equal(figures.save_put_total_bytes, bytes)
      assert.equal(figures.save_put_failed_keys, failedKeys)
      assert.equal(figures.save_put_avg_ms, (seconds / calls) * 1e3)
      return `${series.length} series, ${stats.rows} rows`
    })
  },
)

test(
  '30,000 statuses in reports of 100 incarnations leave a bounded number of series and no memory behind',
  TIMEOUT,
  async () => {
    const lives = 100
    const perLife = 300
    const aggregator = new EngineAggregator()
    const tell = async (from: number, to: number) => {
      for (let life = from; life < to; life++) {
        const names = Array.from({ length: perLife }, (_, index) => `s${life * perLife + index}`)
        const series = names.map((status) => seriesWithRows(1, 'save_put', status))
        assert.ok(aggregator.ingest(reportBytes({ incarnation: life + 1, series })).accepted)
        if (life % 4 === 0) await aggregator.registry.metrics()
      }
    }
    // The first incarnations fill the limit of kept incarnations.
    await tell(0, 60)
    await bounded('30,000 statuses in reports of 100 incarnations', async () => {
      await tell(60, lives)
      const { series, totals } = await shown(aggregator)
      assert.equal(totals.calls, lives * perLife)
      assert.ok(series.length <= STATS_STATUSES, `${series.length} series`)
      return `${series.length} series, ${totals.calls} rows`
    })
    await aggregator.close()
  },
)

test(
  `${FLOOD} operations through a recorder are as many series as its journal has, exact in sum`,
  TIMEOUT,
  async () => {
    const { aggregator, recorder, close } = startRecording()
    recorder.record('load_get', 0, 0)
    await bounded(`${FLOOD} operations through a recorder`, async () => {
      for (let n = 0; n < FLOOD; n++) recorder.record(`op${n}`, durationOf(n), 2)
      await close()
      const { series, totals } = await shown(aggregator)
      assert.equal(series.length, JOURNAL_SERIES)
      assert.equal(totals.calls, FLOOD + 1)
      assert.equal(totals.seconds, expected(FLOOD).seconds)
      return `${series.length} series, ${totals.calls - 1} rows`
    })
    await close()
  },
)

test(
  'ten thousand operations in payloads of rows count under other past the limit, exact in sum',
  TIMEOUT,
  async () => {
    const aggregator = new EngineAggregator()
    await bounded('10,000 operations in payloads of rows', async () => {
      for (let n = 0; n < SOME; n += 100) {
        const names = Array.from({ length: 100 }, (_, index) => n + index)
        const rows = Object.fromEntries(names.map((at) => [`op${at}`, [row(at, 'ok')]]))
        assert.ok(aggregator.ingest(pack(rows), { engine: 0 }).accepted)
      }
      const { series, totals } = await shown(aggregator)
      assert.equal(series.length, STATS_OPERATIONS)
      assert.equal(rowsOf(series, 'operation', 'other'), SOME - STATS_OPERATIONS + 1)
      assert.deepEqual(totals, expected(SOME))
      return `${series.length} series, ${totals.calls} rows`
    })
    await aggregator.close()
  },
)

test('ten thousand engines count under other past the limit, exact in sum', TIMEOUT, async () => {
  const enginesMax = 10
  const aggregator = new EngineAggregator({ enginesMax })
  await bounded('10,000 engines', async () => {
    for (let engine = 0; engine < SOME; engine++) {
      const payload = pack({ save_put: [row(engine, 'ok')] })
      assert.ok(aggregator.ingest(payload, { engine }).accepted)
    }
    const { samples, series, totals } = await shown(aggregator)
    const engines = new Set(samples.flatMap(({ labels }) => labels.engine ?? []))
    assert.deepEqual(series.length, enginesMax + 1)
    assert.equal(engines.size, enginesMax + 1)
    assert.equal(rowsOf(series, 'engine', 'other'), SOME - enginesMax)
    assert.deepEqual(totals, expected(SOME))
    return `${series.length} series of ${engines.size} engines, ${totals.calls} rows`
  })
  await aggregator.close()
})
