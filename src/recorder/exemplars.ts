import { readClock, warnOnce } from '../call-safely.js'
import type { Journal } from '../journal/journal.js'
import type { SeriesBlock } from '../journal/series-block.js'
import type { BinLayout } from '../stats/bin-layout.js'
import {
  faultOfTraceId,
  makeExemplar,
  REPORT_EXEMPLARS_MAX,
  type SeriesExemplar,
  TIMESTAMP_SECONDS_MAX,
} from '../stats/exemplar.js'

const MS_PER_SECOND = 1e3

/**
 * The last row of a bucket with a trace id. Each bucket has one such object, which later rows
 * overwrite.
 */
interface TracedRow {
  traceId: string
  durationSeconds: number
  timestampSeconds: number
}

/**
 * The last exemplar of each bucket of each series since the last report. They are not in shared
 * memory, so those since the last report are lost when the thread ends without `close`.
 */
export class Exemplars {
  readonly #layout: BinLayout
  readonly #now: () => number
  /** By the block of the series, then by the index of the bucket. */
  readonly #latest = new Map<SeriesBlock, Map<number, TracedRow>>()
  #count = 0

  /** @param now the wall clock, in milliseconds since 1970 */
  constructor(layout: BinLayout, now: () => number) {
    this.#layout = layout
    this.#now = now
  }

  /**
   * Keep a row as the exemplar of its bucket. The row is counted in any case. An invalid trace id
   * is ignored, and the first is emitted as a warning; an empty string means no trace. Does not
   * throw.
   */
  note(block: SeriesBlock, durationSeconds: number, traceId: string): void {
    if (traceId === '') return
    const fault = faultOfTraceId(traceId)
    if (fault !== undefined) {
      warnOnce('invalid traceId', `traceId: ${fault}; the row was counted without an exemplar`)
      return
    }
    const row = this.#rowOf(block, this.#layout.bucketOfBin[this.#layout.binOf(durationSeconds)])
    if (row === undefined) return
    row.traceId = traceId
    // Adding zero turns -0 into 0.
    row.durationSeconds = durationSeconds + 0
    row.timestampSeconds = this.#timestampSeconds()
  }

  /** Remove and return the exemplars, for a report. */
  take(journal: Journal): SeriesExemplar[] {
    if (this.#count === 0) return []
    const taken: SeriesExemplar[] = []
    for (let series = 0; series < journal.seriesCount; series++) {
      const rows = this.#latest.get(journal.blockOf(series))
      for (const { traceId, durationSeconds, timestampSeconds } of rows?.values() ?? []) {
        taken.push({ series, exemplar: makeExemplar(traceId, durationSeconds, timestampSeconds) })
      }
    }
    this.#latest.clear()
    this.#count = 0
    return taken
  }

  /**
   * The row of a bucket, created if it does not exist; undefined if the limit on exemplars is
   * reached.
   */
  #rowOf(block: SeriesBlock, bucket: number): TracedRow | undefined {
    const rows = this.#latest.get(block)
    const known = rows?.get(bucket)
    if (known !== undefined) return known
    if (this.#count >= REPORT_EXEMPLARS_MAX) return undefined
    this.#count++
    const row = { traceId: '', durationSeconds: 0, timestampSeconds: 0 }
    if (rows === undefined) this.#latest.set(block, new Map([[bucket, row]]))
    else rows.set(bucket, row)
    return row
  }

  #timestampSeconds(): number {
    const times = [readClock('now', this.#now), Date.now()].map((ms) => ms / MS_PER_SECOND)
    // The clock of the system may be wrong, too: it may be set to a time before 1970.
    return times.find((seconds) => seconds >= 0 && seconds <= TIMESTAMP_SECONDS_MAX) ?? 0
  }
}
