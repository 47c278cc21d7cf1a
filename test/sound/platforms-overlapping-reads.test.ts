import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Journal } from '../../src/journal/journal.js'
import { JournalLayout, SERIES } from '../../src/journal/journal-layout.js'
import { OperationRecorder } from '../../src/recorder/operation-recorder.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { readerOf } from '../support/assertions/journals.js'

test('a read that begins while another one is under way does not shorten the time between its readings', () => {
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
  new OperationRecorder('op', owner).record(0.5, 7)
  const reader = readerOf(journal)
  const first = reader.begin([])
  // A further row, whose keys are not visible yet. An engine on ARM64 may leave such memory.
  block.floats[SERIES.rowsBegun]++
  block.floats[SERIES.rows]++
  const second = reader.begin([])
  const early = reader.read([], first)
  assert.deepEqual([early.isComplete, early.series.map(({ rows }) => rows)], [false, [0]])
  block.floats[SERIES.numKeys] *= 2
  assert.equal(reader.read([], second).isComplete, false)
  const { series, isComplete } = reader.read([], reader.begin([]))
  assert.deepEqual([isComplete, series[0]?.rows, series[0]?.numKeys], [true, 2, 14])
})
