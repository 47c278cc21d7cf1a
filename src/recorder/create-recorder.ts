import { MessagePort } from 'node:worker_threads'
import { MoonmeterError } from '../errors.js'
import type { EngineLink } from '../journal/engine-link.js'
import { Journal } from '../journal/journal.js'
import { HEADER, JOURNAL_STATE, JournalLayout } from '../journal/journal-layout.js'
import { refuseUnknownOptions, requireType } from '../options.js'
import { CellLayout, DEFAULT_LAYOUT } from '../stats/cell-layout.js'
import { Recorder, type RecorderOptions } from './recorder.js'

/**
 * Start recording for the link that `EngineAggregator.connect` made, on any thread.
 *
 * @throws MoonmeterError `INVALID_LINK` when the link is none, is of another version, or has a
 * recorder already
 */
export function createRecorder(link: EngineLink, options: RecorderOptions = {}): Recorder {
  refuseUnknownOptions('createRecorder', options, ['now'])
  requireType('now', 'function', options.now)
  if (!isLink(link)) {
    throw new MoonmeterError(
      'INVALID_LINK',
      `createRecorder: expected the link of EngineAggregator.connect(), got ${describe(link)}; ` +
        "pass it by workerData with its 'transferList'",
    )
  }
  const cells = DEFAULT_LAYOUT.matches(link.bounds) ? DEFAULT_LAYOUT : new CellLayout(link.bounds)
  const layout = new JournalLayout(cells, link.seriesMax)
  const journal = new Journal(link.journal, layout)
  const { fresh, recording } = JOURNAL_STATE
  if (Atomics.compareExchange(journal.words, HEADER.state, fresh, recording) !== fresh) {
    throw new MoonmeterError(
      'INVALID_LINK',
      `createRecorder: the link of engine ${link.engine} has a recorder already; ` +
        'a journal has one writer, so connect() again for the next life',
    )
  }
  return new Recorder(link, journal, options)
}

function isLink(link: EngineLink): boolean {
  return (
    link?.port instanceof MessagePort &&
    Array.isArray(link.bounds) &&
    [link.engine, link.incarnation, link.seriesMax, link.intervalMs].every(Number.isSafeInteger)
  )
}

function describe(link: unknown): string {
  if (link === null || typeof link !== 'object') return String(link)
  return `an object with ${Object.keys(link).join(', ') || 'no fields'}`
}
