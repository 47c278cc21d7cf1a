import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Journal } from '../../src/journal/journal.js'
import { JournalLayout, RECENT_ROWS, SERIES } from '../../src/journal/journal-layout.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { packedContents } from '../support/assertions/contents.js'
import { failure } from '../support/assertions/failures.js'
import { journalOf, readerOf, seriesOf } from '../support/assertions/journals.js'
import { startRecording } from '../support/engines/recording.js'
import { names } from '../support/generators/arbitraries.js'
import { nextDown, unitsOf } from '../support/generators/floats.js'

const layout = new JournalLayout(DEFAULT_LAYOUT, 4)

test('memory that is not shared, of another size or not a journal is refused', () => {
  const wrong = [
    new ArrayBuffer(layout.byteLength),
    new SharedArrayBuffer(layout.byteLength - 8),
    new SharedArrayBuffer(layout.byteLength),
    undefined,
  ]
  for (const memory of wrong) {
    assert.throws(() => new Journal(memory as never, layout), failure('INVALID_LINK'))
  }
})

test('names of series are read as they were written, up to 255 bytes, on any thread', () => {
  const label = names.filter((name) => Buffer.byteLength(name) <= 255)
  fc.assert(
    fc.property(label, label, (operation, status) => {
      const memory = Journal.allocate(layout)
      new Journal(memory, layout).addSeries({ operation, status })
      assert.deepEqual(new Journal(memory, layout).nameOf(0), { operation, status })
    }),
    { seed: 35, numRuns: 1_000 },
  )
  const longest = { operation: 'x'.repeat(255), status: '\u00e9'.repeat(127) }
  const journal = new Journal(Journal.allocate(layout), layout)
  journal.addSeries(longest)
  assert.deepEqual(
    new Journal(journal.floats.buffer as SharedArrayBuffer, layout).nameOf(0),
    longest,
  )
})

test('a name that starts with a byte order mark keeps it', () => {
  const memory = Journal.allocate(layout)
  new Journal(memory, layout).addSeries({ operation: '\ufeffop', status: '\ufeff' })
  assert.deepEqual(new Journal(memory, layout).nameOf(0), {
    operation: '\ufeffop',
    status: '\ufeff',
  })
})

test('the ring gives the most recent durations, and none where it no longer has them all', async () => {
  const recording = startRecording()
  const { recorder } = recording
  const reader = readerOf(journalOf(recording.link))
  const looks = new Set([1, 1_536, 2_047, 2_048, 2_049, 2_050, 4_095, 4_096, 4_097, 5_000])
  for (let row = 1; row <= 5_000; row++) {
    recorder.record('op', row / 1000, 1)
    if (!looks.has(row)) continue
    const oldest = Math.max(0, row - RECENT_ROWS)
    // A running recorder may be 48 rows ahead of the rows visible to other threads.
    const oldestLive = Math.max(0, row + 48 - RECENT_ROWS)
    for (const from of [0, 1, oldest - 1, oldest, oldest + 1, oldestLive, row - 1, row]) {
      for (const to of [from, from + 1, row - 1, row]) {
        if (from < 0 || to < from || to > row) continue
        const length = to - from
        const held = Float64Array.from({ length }, (_, index) => (from + index + 1) / 1000)
        const what = `${from} to ${to} of ${row}`
        const ended = from >= oldest ? held : undefined
        assert.deepEqual(reader.recentDurations(0, from, to, true), ended, what)
        const live = from >= oldestLive ? held : undefined
        assert.deepEqual(reader.recentDurations(0, from, to, false), live, what)
      }
    }
  }
  await recording.close()
})

test('a rejected row does not change the readable durations', async () => {
  const recording = startRecording()
  const { recorder } = recording
  for (let row = 1; row <= 3_000; row++) {
    recorder.record('op', row, 1)
    assert.throws(() => recorder.record('op', Number.NaN, 1), failure('INVALID_ROW'))
  }
  const reader = readerOf(journalOf(recording.link))
  const durations = reader.recentDurations(0, 3_000 - 2_047, 3_000, true)
  const expected = Float64Array.from({ length: 2_047 }, (_, index) => 3_000 - 2_046 + index)
  assert.deepEqual(durations, expected)
  await recording.close()
})

test('duration sums stay exact when every limb carries', async () => {
  const recording = startRecording()
  const { recorder, aggregator } = recording
  const journal = journalOf(recording.link)
  recorder.record('op', 1.5, 1)
  recorder.report()
  const { floats, layout: blocks } = journal
  const base = blocks.baseOf(0)
  const { sumLimbs } = SERIES
  // As after very many rows: each limb is at its maximum.
  for (let limb = 0; limb < 6; limb++) floats[base + sumLimbs + limb] = 2 ** 32 - 1
  floats[base + sumLimbs + 3] = 2 ** 52 - 1
  let expected = seriesOf(journal)[0].durationSum
  const random = fc.sample(
    fc.oneof(
      fc.double({ min: 2 ** -30, max: 60_000, noNaN: true }),
      fc.integer({ min: -30, max: 16 }).map((exponent) => nextDown(2 ** exponent)),
      fc.double({ min: 0, max: 2 ** -30, noNaN: true }),
    ),
    { seed: 36, numRuns: 5_000 },
  )
  for (const [index, duration] of random.entries()) {
    recorder.record('op', duration, 1)
    expected += unitsOf(duration)
    if (index % 500 !== 0) continue
    recorder.report()
    assert.equal(seriesOf(journal)[0].durationSum, expected)
  }
  assert.equal(seriesOf(journal)[0].durationSum, expected)
  const [{ stats }] = [...aggregator.stats(0).series()]
  assert.equal(stats.durationSum, expected)
  await recording.close()
})

test('the sum of a fold is exact at its worst: 256 durations just under its limit, and tiny ones', async () => {
  const durations = [nextDown(2), 2 ** -30, nextDown(2 ** -29), 2 ** -44 * 1.5, nextDown(2 ** -44)]
  for (const [index, duration] of durations.entries()) {
    for (const other of [duration, durations[(index + 1) % durations.length]]) {
      const recording = startRecording()
      const { recorder } = recording
      let expected = 0n
      for (let row = 0; row < 3 * 256 + 100; row++) {
        const recorded = row % 2 === 0 ? duration : other
        recorder.record('op', recorded, 1)
        expected += unitsOf(recorded)
      }
      assert.equal(seriesOf(journalOf(recording.link))[0].durationSum, expected)
      recorder.report()
      assert.equal(seriesOf(journalOf(recording.link))[0].durationSum, expected)
      await recording.close()
    }
  }
})

test('a snapshot is a copy: it does not change with what is recorded later', async () => {
  const recording = startRecording()
  const { recorder } = recording
  recorder.record('op', 0.5, 2, { numBytes: 7 })
  const [snapshot] = seriesOf(journalOf(recording.link))
  const before = structuredClone(packedContents(snapshot))
  recorder.record('op', 0.5, 2, { numBytes: 7 })
  assert.deepEqual(packedContents(snapshot), before)
  assert.equal(seriesOf(journalOf(recording.link))[0].rows, 2)
  assert.equal(journalOf(recording.link).seriesCount, 1)
  await recording.close()
})

test('a fold that was stopped at any point loses nothing and counts nothing twice', async () => {
  const durations = fc.array(fc.double({ min: 2 ** -30, max: 1.9, noNaN: true }), {
    minLength: 1,
    maxLength: 200,
  })
  await fc.assert(
    fc.asyncProperty(durations, durations, fc.nat(), async (earlier, later, drawn) => {
      const recording = startRecording()
      const journal = journalOf(recording.link)
      const operation = recording.recorder.operation('op')
      for (const duration of earlier) operation.record(duration, 1)
      recording.recorder.report()
      for (const duration of later) operation.record(duration, 1)
      const expected = packedContents(seriesOf(journal)[0])
      assert.equal(expected.rows, earlier.length + later.length)
      assert.equal(
        expected.sumUnits,
        [...earlier, ...later].reduce((units, duration) => units + unitsOf(duration), 0n),
      )
      // The state after the thread ended in the loop of `foldRows`: some rows are counted.
      const { floats, words } = journal.blockOf(0)
      words[2 * SERIES.lock]++
      const counted = drawn % (later.length + 1)
      for (const duration of later.slice(0, counted)) {
        floats[SERIES.bins + journal.layout.bins.binOf(duration)]++
      }
      const reader = readerOf(journal)
      assert.deepEqual(reader.readEnded().map(packedContents), [expected])
      // A running recorder may still finish the fold, so it is not read.
      const first = reader.begin([])
      assert.deepEqual(reader.read([], first), { series: [], isComplete: false })
      await recording.close()
    }),
    { seed: 37, numRuns: 200 },
  )
})

test('a fold of more rows than one pass adds up is also exact', async () => {
  const recording = startRecording()
  const { recorder } = recording
  const journal = journalOf(recording.link)
  recorder.record('op', 1, 1)
  recorder.report()
  let expected = unitsOf(1)
  // The state after folds failed by a stack overflow.
  const { floats } = journal.blockOf(0)
  for (let row = 1; row < 2_000; row++) {
    const duration = row % 301 === 0 ? 1e9 : nextDown(2) - row * 2 ** -52
    floats[SERIES.recent + row] = duration
    floats[SERIES.rowsBegun] = row + 1
    floats[SERIES.rows] = row + 1
    expected += unitsOf(duration)
  }
  journal.fold()
  assert.equal(floats[SERIES.foldEnd], 2_000)
  const [series] = seriesOf(journal)
  assert.equal(series.durationSum, expected)
  assert.equal(series.rows, 2_000)
  await recording.close()
})
