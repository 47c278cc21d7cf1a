import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { foldRows } from '../../src/journal/fold-rows.js'
import { Journal } from '../../src/journal/journal.js'
import { EXTRAS, FLOAT64_WORDS, JournalLayout, SERIES } from '../../src/journal/journal-layout.js'
import { JournalReader } from '../../src/journal/journal-reader.js'
import type { SeriesBlock } from '../../src/journal/series-block.js'
import { ExtrasOperationRecorder } from '../../src/recorder/extras-operation-recorder.js'
import { OperationRecorder } from '../../src/recorder/operation-recorder.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'

// `memory-order.test.ts` proves the protocol of a journal in a model. This file checks that the
// code has the steps of that model.

const LOCK = SERIES.lock * FLOAT64_WORDS
const EXTRAS_AT = SERIES.bins + DEFAULT_LAYOUT.binCount
const LENGTH = EXTRAS_AT + EXTRAS.length

/** Log the atomic operations of this thread until the test ends. */
function logAtomics(context: TestContext, log: string[]): void {
  for (const name of ['load', 'store', 'add'] as const) {
    const original = Atomics[name] as (...args: unknown[]) => unknown
    const word = (index: unknown) => ({ [LOCK]: 'begin', [LOCK + 1]: 'end' })[index as number]
    context.mock.method(Atomics, name, (...args: unknown[]) => {
      log.push(`${name} ${word(args[1]) ?? args[1]}`)
      return original.apply(Atomics, args)
    })
  }
}

/** A block of a series that logs the offsets of plain stores. */
function loggingBlock(log: string[], extrasAt = 0): SeriesBlock {
  const memory = new ArrayBuffer(LENGTH * Float64Array.BYTES_PER_ELEMENT)
  const floats = new Proxy(new Float64Array(memory), {
    get: (target, name) => Reflect.get(target, name, target),
    set: (target, name, value) => {
      log.push(String(name))
      return Reflect.set(target, name, value, target)
    },
  })
  return { floats, words: new Int32Array(memory), extrasAt }
}

test('a row begins with rowsBegun and ends with rows, and both are plain stores', (context) => {
  const log: string[] = []
  logAtomics(context, log)
  const block = loggingBlock(log)
  const owner = {
    bins: DEFAULT_LAYOUT,
    blockOf: () => block,
    report: () => {},
    noteExemplar: () => {},
  }
  const recorder = new OperationRecorder('op', owner)
  recorder.record(0.5, 2, 3, 'ok', 1)
  const { rows, rowsBegun, recent, numKeys, numBytes, numFailedKeys } = SERIES
  const expected = [rowsBegun, recent, numKeys, numBytes, numFailedKeys, rows].map(String)
  assert.deepEqual(log, expected)
})

test('a row with extra counters has the same order, and a fold stores them with the others', (context) => {
  const log: string[] = []
  logAtomics(context, log)
  const block = loggingBlock(log, EXTRAS_AT)
  const owner = {
    bins: DEFAULT_LAYOUT,
    blockOf: () => block,
    report: () => {},
    noteExemplar: () => {},
  }
  const recorder = new ExtrasOperationRecorder('op', owner)
  recorder.recordWithExtras(0.5, 2, 3, 'ok', 1, undefined, 5, 7)
  const { rows, rowsBegun, recent, numKeys, numBytes, numFailedKeys } = SERIES
  const own = [rowsBegun, recent, numKeys, numBytes, numFailedKeys]
  assert.deepEqual(log, [...own, EXTRAS_AT, EXTRAS_AT + 1, rows].map(String))
  log.length = 0
  foldRows(block, DEFAULT_LAYOUT)
  assert.deepEqual([log.at(0), log.at(-1)], ['store begin', 'store end'])
  for (const counter of [0, 1]) {
    const folded = EXTRAS_AT + EXTRAS.foldedCounters + counter
    assert.ok(log.includes(`${folded}`))
    assert.equal(block.floats[folded], block.floats[EXTRAS_AT + counter])
  }
})

test('a fold stores its counts between the stores of its lock, with an atomic load after the first', (context) => {
  const log: string[] = []
  const block = loggingBlock(log)
  const owner = {
    bins: DEFAULT_LAYOUT,
    blockOf: () => block,
    report: () => {},
    noteExemplar: () => {},
  }
  const recorder = new OperationRecorder('op', owner)
  for (const seconds of [0.5, 3, 1e-12, 0.25]) recorder.record(seconds, 1)
  log.length = 0
  logAtomics(context, log)
  foldRows(block, DEFAULT_LAYOUT)
  assert.deepEqual(log.slice(0, 2), ['store begin', 'load begin'])
  assert.equal(log.at(-1), 'store end')
  const places = log.slice(2, -1).map(Number)
  assert.ok(places.length > 10)
  assert.ok(places.every((place) => place > SERIES.lock && place < LENGTH))
  for (const place of [SERIES.foldEnd, SERIES.foldedCounters, SERIES.sumHigh]) {
    assert.ok(places.includes(place))
  }
})

test('a reader copies folds between loads of the end and of the begin, and an addition to the begin', (context) => {
  const layout = new JournalLayout(DEFAULT_LAYOUT, 4)
  const journal = new Journal(Journal.allocate(layout), layout)
  journal.addSeries({ operation: 'op', status: 'ok' })
  const block = journal.blockOf(0)
  const owner = {
    bins: DEFAULT_LAYOUT,
    blockOf: () => block,
    report: () => {},
    noteExemplar: () => {},
  }
  new OperationRecorder('op', owner).record(0.5, 1)
  const copy = new Float64Array(layout.seriesLength)
  const log: string[] = []
  context.mock.method(copy, 'set', (from: Float64Array, at: number) => {
    log.push('copy')
    Float64Array.prototype.set.call(copy, from, at)
  })
  const reader = new JournalReader(journal, copy)
  const first = reader.begin([])
  logAtomics(context, log)
  assert.equal(reader.read([], first).series[0]?.rows, 1)
  const steps = log.filter((step) => !/^load \d/.test(step))
  assert.deepEqual(steps, ['load end', 'load begin', 'copy', 'add begin'])
})
