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

/** The last row of a bucket that came with a trace id; one object a bucket, which rows overwrite. */
interface TracedRow {
  traceId: string
  durationSeconds: number
  timestampSeconds: number
}

/**
 * The last exemplar of each bucket of each series since the last report. They are in the memory of
 * the engine's thread only, so that those since the last report are lost where it ends without
 * `close`.
 */
export class Exemplars {
  readonly #layout: BinLayout
  readonly #now: () => number
  /** By the memory of the series, and by the index of the bucket. */
  readonly #latest = new Map<SeriesBlock, Map<number, TracedRow>>()
  #count = 0

  /** @param now the wall clock, in milliseconds since 1970 */
  constructor(layout: BinLayout, now: () => number) {
    this.#layout = layout
    this.#now = now
  }

  /**
   * Keep a row as the exemplar of its bucket. The row is counted in any case: an invalid trace id is
   * left out and emitted as a warning once, and an empty one is none. It does not throw.
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

  /** The exemplars for a report; they are removed from here. */
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

  /** The row of a bucket, made where there is none; undefined past the limit on exemplars. */
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
    const seconds = readClock('now', this.#now) / MS_PER_SECOND
    const isTime = seconds >= 0 && seconds <= TIMESTAMP_SECONDS_MAX
    return isTime ? seconds : Date.now() / MS_PER_SECOND
  }
}
