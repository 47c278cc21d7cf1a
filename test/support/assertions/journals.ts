import assert from 'node:assert/strict'
import type { EngineLink } from '../../../src/index.js'
import { Journal } from '../../../src/journal/journal.js'
import { JournalLayout } from '../../../src/journal/journal-layout.js'
import { JournalReader } from '../../../src/journal/journal-reader.js'
import { BinLayout } from '../../../src/stats/bin-layout.js'
import type { PackedSeries } from '../../../src/stats/packed-series.js'

/** The series of a journal whose recorder is on this thread, so it does not write meanwhile. */
export function seriesOf(journal: Journal): PackedSeries[] {
  const reader = readerOf(journal)
  const { series, isComplete } = reader.read([], reader.begin([]))
  assert.ok(isComplete)
  return [...series]
}

export function readerOf(journal: Journal): JournalReader {
  return new JournalReader(journal, new Float64Array(journal.layout.seriesLength))
}

/** The journal of a link, opened as by another thread. */
export function journalOf({ journal, bounds, seriesMax, extraMetrics }: EngineLink): Journal {
  const hasExtras = extraMetrics.length > 0
  return new Journal(journal, new JournalLayout(BinLayout.of(bounds), seriesMax, hasExtras))
}
