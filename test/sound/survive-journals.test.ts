import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineAggregator, type EngineLink } from '../../src/index.js'
import { COUNTER_UNIT, HEADER, SERIES } from '../../src/journal/journal-layout.js'
import { createRecorder } from '../../src/recorder/index.js'
import { busyMs } from '../support/assertions/busy-ms.js'
import { journalOf } from '../support/assertions/journals.js'
import { waitUntil } from '../support/processes/wait-until.js'

/** Corrupts the memory of a journal with rows. */
type Corruption = (floats: Float64Array, words: Int32Array, series: Float64Array) => void

function setting(offset: number, value: number): Corruption {
  return (_floats, _words, series) => {
    series[offset] = value
  }
}

function rows(value: number): Corruption {
  return (_floats, _words, series) => {
    series[SERIES.rows] = series[SERIES.rowsBegun] = value
  }
}

/** A row that no fold counted; that of row 300 may have been asked for by a read. */
const UNCOUNTED_ROW = 340

const { numKeys, foldEnd, foldedCounters, sumHigh, sumLow, sumLimbs, bins, recent } = SERIES
const CORRUPTIONS: Readonly<Record<string, Corruption>> = {
  'more series than fit': (_floats, words) => {
    words[HEADER.seriesCount] = 2 ** 31 - 1
  },
  'fewer than no series': (_floats, words) => {
    words[HEADER.seriesCount] = -1
  },
  '1e9 rows': rows(1e9),
  '1e300 rows': rows(1e300),
  '-5 rows': rows(-5),
  'NaN rows': rows(Number.NaN),
  'half a row': rows(0.5),
  'NaN rows folded': setting(foldEnd, Number.NaN),
  'rows folded past 2^53': setting(foldEnd, 2 ** 60),
  'a bin of Infinity': setting(bins + 700, Number.POSITIVE_INFINITY),
  'a bin of -1': setting(bins + 700, -1),
  'a bin too many': setting(bins + 700, 5_000),
  'NaN keys': setting(numKeys, Number.NaN),
  'half a key': setting(numKeys, 300.5 * COUNTER_UNIT),
  'NaN keys folded': setting(foldedCounters, Number.NaN),
  'a limb of NaN': setting(sumLimbs + 3, Number.NaN),
  'a limb of -1': setting(sumLimbs, -1),
  'a last limb past the end': setting(sumLimbs + 6, 2 ** 52),
  'a sum of Infinity': setting(sumHigh, Number.POSITIVE_INFINITY),
  'a low sum of NaN': setting(sumLow, Number.NaN),
  'a negative sum': setting(sumLow, -1),
  'a duration of NaN': setting(recent + UNCOUNTED_ROW, Number.NaN),
  'a duration of -1': setting(recent + UNCOUNTED_ROW, -1),
  'a duration of Infinity': setting(recent + UNCOUNTED_ROW, Number.POSITIVE_INFINITY),
}

/** An engine with 300 rows in its journal and 356 after; only the first 300 were reported. */
function engineWithRows(aggregator: EngineAggregator): { link: EngineLink; close: () => void } {
  const link = aggregator.connect(0)
  const recorder = createRecorder(link)
  const operation = recorder.operation('op')
  for (let row = 0; row < 300; row++) operation.record(0.5, 1, 10)
  recorder.report()
  return {
    link,
    close: () => {
      for (let row = 0; row < 56; row++) operation.record(0.25, 1, 10)
    },
  }
}

test('a journal with a name that is not UTF-8 is rejected', async (context) => {
  const aggregator = new EngineAggregator({ intervalMs: 60_000 })
  context.after(() => aggregator.close())
  const link = aggregator.connect(0)
  createRecorder(link).record('op', 0.5, 1)
  // The bytes of the number are the length of the name and twice 0xff.
  journalOf(link).blockOf(0).floats[SERIES.names] = 0xffff02 * Number.MIN_VALUE
  link.port.close()
  await waitUntil('the end', () => aggregator.snapshot().rejections.journal > 0)
  assert.equal(aggregator.stats(0).rows, 0)
})

for (const [what, corrupt] of Object.entries(CORRUPTIONS)) {
  test(`a journal with ${what} is rejected when its thread has ended, and changes nothing`, async (context) => {
    const aggregator = new EngineAggregator({ intervalMs: 60_000 })
    context.after(() => aggregator.close())
    const other = createRecorder(aggregator.connect(1))
    other.record('op', 0.5, 1)
    const { link, close } = engineWithRows(aggregator)
    await waitUntil('a report', () => aggregator.snapshot().sources[0]?.health.reports === 1)
    close()
    const journal = journalOf(link)
    corrupt(journal.floats, journal.words, journal.blockOf(0).floats)
    const rejected = () => aggregator.snapshot().rejections.journal
    const ms = await busyMs(() => {
      // As if its thread had ended, which only the port shows.
      link.port.close()
      return waitUntil('the end', () => rejected() > 0)
    })
    assert.ok(ms < 1_000, `${ms} ms`)
    assert.equal(aggregator.stats(0).rows, 300)
    assert.equal(aggregator.stats(1).rows, 1)
    const text = await aggregator.registry.metrics()
    assert.doesNotMatch(text, /NaN|Inf(?!")/)
    assert.match(text, /^moonmeter_payloads_rejected_total\{reason="journal"\} [1-9]/m)
    other.close()
  })
}

for (const [what, corrupt] of Object.entries(CORRUPTIONS)) {
  test(`scrapes succeed with ${what} in the journal of a silent engine`, async (context) => {
    let nowMs = 0
    const aggregator = new EngineAggregator({ intervalMs: 60_000, monotonicNow: () => nowMs })
    context.after(() => aggregator.close())
    const other = createRecorder(aggregator.connect(1))
    const { link, close } = engineWithRows(aggregator)
    await waitUntil('a report', () => aggregator.snapshot().sources[0]?.health.reports === 1)
    close()
    other.record('op', 0.5, 1)
    const journal = journalOf(link)
    corrupt(journal.floats, journal.words, journal.blockOf(0).floats)
    nowMs = 100_000
    for (let scrape = 0; scrape < 3; scrape++) {
      let text = ''
      const ms = await busyMs(async () => {
        text = await aggregator.registry.metrics()
      })
      assert.ok(ms < 1_000, `${ms} ms`)
      assert.doesNotMatch(text, /NaN|Inf(?!")/)
      assert.match(text, /^moonmeter_engine_records_total\{engine="1"\} 1$/m)
      // Reported rows stay; later rows may be read from series that are not corrupt.
      assert.match(text, /^moonmeter_engine_records_total\{engine="0"\} 3(00|56)$/m)
    }
    other.close()
  })
}

for (const duration of [Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300]) {
  test(`a duration that is changed to ${duration} after it was counted is in no percentile`, async () => {
    const lines: string[] = []
    const aggregator = new EngineAggregator({
      intervalMs: 60_000,
      log: (line) => lines.push(line),
    })
    const link = aggregator.connect(0)
    const recorder = createRecorder(link)
    for (let row = 0; row < 10; row++) recorder.record('op', 0.5, 1)
    recorder.report()
    await waitUntil('a report', () => aggregator.snapshot().sources[0]?.health.reports === 1)
    journalOf(link)
      .blockOf(0)
      .floats.fill(duration, recent, recent + 10)
    const p90 = aggregator.stats(0).quantile('op', 0.9)
    assert.equal(p90?.exact, false)
    assert.ok(Math.abs(p90.seconds - 0.5) < 0.01)
    await aggregator.close()
    assert.match(lines.join(), /op_p90_ms=50\d\./)
  })
}

test('record neither hangs nor throws with a corrupt journal', async (context) => {
  const aggregator = new EngineAggregator({ intervalMs: 60_000 })
  context.after(() => aggregator.close())
  for (const corrupt of Object.values(CORRUPTIONS)) {
    const link = aggregator.connect(0)
    const recorder = createRecorder(link)
    for (let row = 0; row < 300; row++) recorder.record('op', 0.5, 1)
    const journal = journalOf(link)
    corrupt(journal.floats, journal.words, journal.blockOf(0).floats)
    const ms = await busyMs(() => {
      for (let row = 0; row < 2_000; row++) recorder.record('op', 0.5, 1)
      for (const operation of ['a', 'b', 'c']) recorder.record(operation, 0.5, 1)
      recorder.close()
    })
    assert.ok(ms < 1_000, `${ms} ms`)
  }
})
