import assert from 'node:assert/strict'
import type { Journal } from '../../src/journal/journal.js'
import type { SeriesSnapshot } from '../../src/stats/series-snapshot.js'

/** The series of a journal whose recorder is on this thread, so that it cannot be busy. */
export function seriesOf(journal: Journal): SeriesSnapshot[] {
  const series = journal.snapshot('running')
  assert.ok(series !== undefined)
  return series
}
