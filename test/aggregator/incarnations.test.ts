import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import fc from 'fast-check'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { contentsOf } from '../support/assertions/contents.js'
import { openLink, takeReports } from '../support/engines/links.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

/** A report of engine 0: its incarnation, its sequence and its number of rows. */
interface Told {
  readonly incarnation: number
  readonly sequence: number
  readonly rows: number
}

function bytesOf({ incarnation, sequence, rows }: Told): Uint8Array {
  return reportBytes({ incarnation, sequence, series: [seriesWithRows(rows)] })
}

test('two incarnations of an engine add up, consecutive or concurrent', async () => {
  const aggregator = new EngineAggregator()
  const first = createRecorder(aggregator.connect(0))
  const second = createRecorder(aggregator.connect(0))
  first.record('op', 1, 1)
  second.record('op', 2, 1)
  assert.equal(aggregator.stats(0).reduce().op_avg_ms, 1_500)
  first.close()
  second.record('op', 3, 1)
  assert.equal(aggregator.stats(0).rows, 3)
  await aggregator.close()
  assert.equal(aggregator.stats(0).reduce().op_avg_ms, 2_000)
  second.close()
})

test('an incarnation that ended is counted once, and late reports of it are rejected', async () => {
  const aggregator = new EngineAggregator()
  const link = aggregator.connect(0)
  const recorder = createRecorder(link)
  recorder.record('op', 1, 1)
  recorder.report()
  recorder.record('op', 1, 1)
  recorder.close()
  aggregator.disconnect(0)
  assert.equal(aggregator.stats(0).rows, 2)
  const late = bytesOf({ incarnation: link.incarnation, sequence: 99, rows: 50 })
  const result = aggregator.ingest(late)
  assert.ok(!result.accepted && result.error.reason === 'incarnation')
  assert.equal(aggregator.stats(0).rows, 2)
  const next = aggregator.connect(0)
  assert.equal(next.incarnation, link.incarnation + 1)
  createRecorder(next).close()
  await aggregator.close()
  assert.equal(aggregator.stats(0).rows, 2)
})

test('reports that are lost, repeated or out of order change no count once the last one has arrived', () => {
  const life = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })
  const lives = fc.array(life, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(lives, fc.array(fc.nat(), { maxLength: 40 }), (grown, order) => {
      const told = grown.flatMap((more, index) => {
        let rows = 0
        return more.map((count, at): Told => {
          rows += count
          return { incarnation: index + 1, sequence: at + 1, rows }
        })
      })
      const expected = grown.flat().reduce((sum, count) => sum + count, 0)
      const last = told.filter(
        ({ incarnation, sequence }) => sequence === grown[incarnation - 1].length,
      )
      const aggregator = new EngineAggregator()
      // Some of them in random order with repetitions; then the last of each incarnation, the
      // newest first.
      for (const drawn of order) aggregator.ingest(bytesOf(told[drawn % told.length]))
      for (const report of last.reverse()) aggregator.ingest(bytesOf(report))
      for (const drawn of order) aggregator.ingest(bytesOf(told[drawn % told.length]))
      const { rows } = aggregator.stats(0)
      void aggregator.close()
      assert.equal(rows, expected)
      assert.equal(aggregator.stats(0).rows, expected)
    }),
    { seed: 50, numRuns: 300 },
  )
})

test('an incarnation whose first report arrives after one of the next incarnation is counted', async () => {
  const aggregator = new EngineAggregator()
  aggregator.ingest(bytesOf({ incarnation: 2, sequence: 1, rows: 5 }))
  aggregator.ingest(bytesOf({ incarnation: 1, sequence: 9, rows: 7 }))
  assert.equal(aggregator.stats(0).rows, 12)
  await aggregator.close()
})

test('an engine of another process may restart many times without a row lost or counted twice', async () => {
  const aggregator = new EngineAggregator()
  for (let incarnation = 1; incarnation <= 30; incarnation++) {
    aggregator.ingest(bytesOf({ incarnation, sequence: 1, rows: 1 }))
    aggregator.ingest(bytesOf({ incarnation, sequence: 2, rows: 3 }))
    if (incarnation > 10) {
      aggregator.ingest(bytesOf({ incarnation: incarnation - 9, sequence: 5, rows: 3 }))
    }
  }
  assert.equal(aggregator.stats(0).rows, 90)
  await aggregator.close()
  assert.equal(aggregator.stats(0).rows, 90)
})

test('reports over another transport contain all recorded rows', async () => {
  const { link, port, taken } = openLink(4, 1)
  const recorder = createRecorder(link)
  const here = new EngineAggregator()
  const [durations] = fc.sample(
    fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 900, maxLength: 900 }),
    { seed: 51, numRuns: 1 },
  )
  for (const [index, duration] of durations.entries()) {
    recorder.record('op', duration, index, { status: index % 3 === 0 ? 'error' : 'ok' })
    if (index % 100 !== 0) continue
    recorder.report()
    taken(takeReports(port).length)
  }
  recorder.report()
  const [report] = takeReports(port)
  const { series } = report
  here.ingest(reportBytes({ engine: 4, sequence: report.sequence, series }))
  const [expected] = [new EngineAggregator()]
  const direct = createRecorder(expected.connect(4))
  for (const [index, duration] of durations.entries()) {
    direct.record('op', duration, index, { status: index % 3 === 0 ? 'error' : 'ok' })
  }
  assert.deepEqual(contentsOf(here.stats()), contentsOf(expected.stats()))
  for (const recording of [recorder, direct]) recording.close()
  for (const aggregator of [here, expected]) await aggregator.close()
  port.close()
})

test('counters never go down while an engine is scraped, reports and dies', async () => {
  const aggregator = new EngineAggregator({ intervalMs: 1 })
  const count = async () => {
    const text = await aggregator.registry.metrics()
    return Number(/^vllm:mooncake_store_operation_total\{.*\} (\d+)$/m.exec(text)?.[1] ?? 0)
  }
  let before = 0
  for (let life = 0; life < 5; life++) {
    const link = aggregator.connect(0)
    const recorder = createRecorder(link)
    for (let row = 0; row < 20; row++) {
      recorder.record('op', 1, 1)
      if (row % 3 === 0) recorder.report()
      if (row % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
      const now = await count()
      assert.ok(now >= before, `${now} after ${before}`)
      before = now
    }
    const closed = once(link.port, 'close')
    recorder.close()
    await closed
  }
  await aggregator.close()
  assert.equal(await count(), 100)
})
