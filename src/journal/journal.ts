import { MoonmeterError } from '../errors.js'
import { LABEL_BYTES_MAX } from '../stats/label.js'
import type { SeriesSnapshot } from '../stats/series-snapshot.js'
import { foldRows } from './fold-rows.js'
import {
  FLOAT64_BYTES,
  FLOAT64_WORDS,
  HEADER,
  type JournalLayout,
  RECENT_ROWS,
  SERIES,
} from './journal-layout.js'
import { readBlock } from './read-block.js'
import type { SeriesBlock } from './series-block.js'

/** Says that memory is a journal of this version; the lowest byte is the version. */
const MAGIC = 0x6d6f6f03
/** Attempts to copy a series while its recorder does not fold; at full speed most of them fail. */
const COPY_ATTEMPTS_MAX = 64
/** Milliseconds that the system may hold a thread back in the middle of a fold. */
const HELD_MS_MAX = 20

/** A name that begins with U+FEFF begins with a character, not with a byte order mark. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * What the recorder of a journal does while it is read: record, perhaps; the same, but it will not
 * be read again; or nothing any more.
 */
export type Writer = 'running' | 'abandoned' | 'gone'

/** The names of a series in a journal. */
export interface SeriesNames {
  readonly operation: string
  readonly status: string
}

/**
 * The shared memory one recorder writes and anybody may read, also after the recorder's thread is
 * gone. One writer, plain stores: a count only ever grows, so a reader beside a running writer
 * sees each count at some moment of the read, and a reader after its end sees the last record.
 */
export class Journal {
  readonly layout: JournalLayout
  /** The whole journal as float64. */
  readonly floats: Float64Array
  /** The same memory as int32; the header is at its start. */
  readonly words: Int32Array
  readonly #blocks: SeriesBlock[] = []
  readonly #bytes: Uint8Array
  readonly #names: SeriesNames[] = []

  /** Memory for a new journal. */
  static allocate(layout: JournalLayout): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer(layout.byteLength)
    new Int32Array(buffer)[HEADER.magic] = MAGIC
    return buffer
  }

  /**
   * Open a journal that `allocate` made.
   *
   * @throws MoonmeterError `INVALID_LINK` when the memory is something else
   */
  constructor(buffer: SharedArrayBuffer, layout: JournalLayout) {
    if (!(buffer instanceof SharedArrayBuffer) || buffer.byteLength !== layout.byteLength) {
      throw new MoonmeterError(
        'INVALID_LINK',
        `journal: expected ${layout.byteLength} bytes of shared memory, got ` +
          `${buffer instanceof SharedArrayBuffer ? buffer.byteLength : typeof buffer}; ` +
          'pass the link that connect() returned as it is',
      )
    }
    this.layout = layout
    this.floats = new Float64Array(buffer)
    this.words = new Int32Array(buffer)
    this.#bytes = new Uint8Array(buffer)
    if (this.words[HEADER.magic] !== MAGIC) {
      throw new MoonmeterError(
        'INVALID_LINK',
        'journal: expected memory of this version of moonmeter, got another; ' +
          'load one version in all threads',
      )
    }
  }

  /** Number of series that have names. */
  get seriesCount(): number {
    return Atomics.load(this.words, HEADER.seriesCount)
  }

  /** Number of reports the recorder made, the one it may be making included. */
  get reportsPosted(): number {
    return Atomics.load(this.words, HEADER.posted)
  }

  /**
   * Give the next block of memory to a series; only the recorder does.
   *
   * @param operation and `status` at most `LABEL_BYTES_MAX` bytes in UTF-8
   * @returns the series' number
   */
  addSeries({ operation, status }: SeriesNames): number {
    const series = this.seriesCount
    const at = this.#namesAt(series)
    this.#writeName(at, operation)
    this.#writeName(at + 1 + LABEL_BYTES_MAX, status)
    Atomics.store(this.words, HEADER.seriesCount, series + 1)
    return series
  }

  /** The names of a series. */
  namesOf(series: number): SeriesNames {
    const known = this.#names[series]
    if (known !== undefined) return known
    const at = this.#namesAt(series)
    const names = {
      operation: this.#readName(at),
      status: this.#readName(at + 1 + LABEL_BYTES_MAX),
    }
    this.#names[series] = names
    return names
  }

  /** The memory of a series; the same object each time. */
  blockOf(series: number): SeriesBlock {
    const known = this.#blocks[series]
    if (known !== undefined) return known
    const start = this.layout.baseOf(series)
    const end = start + this.layout.seriesLength
    const floats = this.floats.subarray(start, end)
    const words = this.words.subarray(FLOAT64_WORDS * start, FLOAT64_WORDS * end)
    const block = { floats, words }
    this.#blocks[series] = block
    return block
  }

  /** Count the rows that are in the rings only; only the recorder does. */
  fold(): void {
    for (let series = 0; series < this.seriesCount; series++) {
      foldRows(this.blockOf(series), this.layout.cells)
    }
  }

  /** Ask for a report, or note that one is being made. */
  setReportDue(isDue: boolean): void {
    for (let series = 0; series < this.seriesCount; series++) {
      this.floats[this.layout.baseOf(series) + SERIES.reportDue] = Number(isDue)
    }
  }

  /**
   * The stats of every series so far.
   *
   * @returns undefined where a recorder that runs was always in the middle of something; of others a
   * fold that is never done is read as it is
   */
  snapshot(writer: Writer): SeriesSnapshot[] | undefined {
    const snapshots: SeriesSnapshot[] = []
    for (let series = 0; series < this.seriesCount; series++) {
      const block = this.#copyBlock(series, writer)
      if (block === undefined) return undefined
      snapshots.push({ ...this.namesOf(series), ...readBlock(block, this.layout.cells) })
    }
    return snapshots
  }

  /**
   * The durations of the rows [from, to) of a series in seconds, rows counted from 0, or undefined
   * where the ring no longer holds them all.
   */
  recentDurations(series: number, from: number, to: number): Float64Array | undefined {
    if (to - from > RECENT_ROWS) return undefined
    const base = this.layout.baseOf(series)
    const recent = base + SERIES.recent
    const durations = new Float64Array(to - from)
    for (let row = from; row < to; row++) {
      durations[row - from] = this.floats[recent + (row % RECENT_ROWS)]
    }
    return this.#ringHolds(base, from) ? durations : undefined
  }

  /**
   * Whether the ring still holds the durations from a row on. The recorder writes the duration of
   * the row after the last before it counts it, so that place is given up too.
   */
  #ringHolds(base: number, from: number): boolean {
    return this.floats[base + SERIES.rows] - from < RECENT_ROWS
  }

  /**
   * A copy of a series' block, with the rows that are in the ring only still to be folded; it is
   * good until the next one is made.
   *
   * The counters are whole when no fold was begun since the one that was done before they were
   * copied. Counters of half a fold must not be shown: a count could go down after them. A recorder
   * that is gone may have left a fold undone, but no row of it; one that runs may be held back by
   * the system in the middle of a row, and is waited for.
   */
  #copyBlock(series: number, writer: Writer): Float64Array<ArrayBuffer> | undefined {
    const { floats } = this
    const base = this.layout.baseOf(series)
    const block = this.layout.scratch
    const counters = floats.subarray(base + SERIES.folding, base + this.layout.seriesLength)
    const final = writer !== 'running'
    const heldUntilMs = writer === 'abandoned' ? performance.now() + HELD_MS_MAX : 0
    let still = false
    for (
      let attempt = 0;
      attempt < COPY_ATTEMPTS_MAX || (final && !still) || performance.now() < heldUntilMs;
      attempt++
    ) {
      const folded = floats[base + SERIES.folded]
      block.set(counters, SERIES.folding)
      const whole = floats[base + SERIES.folding] === folded
      block.set(floats.subarray(base, base + SERIES.recent))
      block[SERIES.folded] = folded
      for (let row = folded; row < block[SERIES.rows]; row++) {
        const at = SERIES.recent + (row % RECENT_ROWS)
        block[at] = floats[base + at]
      }
      if (whole && this.#ringHolds(base, folded)) return block
      still = floats[base + SERIES.folded] === folded
    }
    // Whoever left a fold undone for so long is gone, or as good as gone.
    return final && still ? block : undefined
  }

  #namesAt(series: number): number {
    return (this.layout.baseOf(series) + SERIES.names) * FLOAT64_BYTES
  }

  #writeName(at: number, name: string): void {
    const encoded = new TextEncoder().encode(name)
    this.#bytes[at] = encoded.length
    this.#bytes.set(encoded, at + 1)
  }

  #readName(at: number): string {
    // TextDecoder refuses shared memory, so the name is copied first.
    const start = at + 1
    return decoder.decode(this.#bytes.slice(start, start + this.#bytes[at]))
  }
}
