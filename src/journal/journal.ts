import { MoonmeterError } from '../errors.js'
import { LABEL_BYTES_MAX } from '../stats/bounded-names.js'
import type { PackedSeries, SeriesName } from '../stats/packed-series.js'
import { corruptJournal } from './corrupt-journal.js'
import { foldRows } from './fold-rows.js'
import {
  DUE,
  EXTRAS,
  FLOAT64_BYTES,
  FLOAT64_WORDS,
  HEADER,
  type JournalLayout,
  SERIES,
} from './journal-layout.js'
import { readSeries } from './read-series.js'
import type { SeriesBlock } from './series-block.js'

/** Marks memory as a journal of this version; the lowest byte is the version. */
const MAGIC = 0x6d6f6f05

/**
 * Decodes names. A U+FEFF at the beginning of a name is part of the name, not a byte order mark.
 */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

/**
 * The shared memory that one recorder writes. Counts only grow. The recorder writes rows with plain
 * stores, and each fold publishes them; `JournalReader` reads them on another thread, also after
 * the recorder's thread has ended.
 */
export class Journal {
  readonly layout: JournalLayout
  readonly floats: Float64Array
  /** The same memory as int32; the header is at its start. */
  readonly words: Int32Array
  readonly #blocks: SeriesBlock[] = []
  readonly #bytes: Uint8Array
  readonly #names: SeriesName[] = []
  #added = 0

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
          'pass the link that connect() returned, unchanged',
      )
    }
    this.layout = layout
    this.floats = new Float64Array(buffer)
    this.words = new Int32Array(buffer)
    this.#bytes = new Uint8Array(buffer)
    if (this.words[HEADER.magic] !== MAGIC) {
      throw new MoonmeterError(
        'INVALID_LINK',
        'journal: expected memory of this version of moonmeter, got that of another; ' +
          'load one version in all threads',
      )
    }
  }

  /** Number of series, limited to the number of blocks, since other code may write any number. */
  get seriesCount(): number {
    return Math.min(Atomics.load(this.words, HEADER.seriesCount), this.layout.blockCount)
  }

  /** Number of series added by this object: unlike `seriesCount`, other code cannot change it. */
  get added(): number {
    return this.#added
  }

  /** Rows of all series. */
  get rows(): number {
    let rows = 0
    for (let series = 0; series < this.seriesCount; series++) rows += this.rowsOf(series)
    return rows
  }

  /** Rows of a series, those that are not folded included. */
  rowsOf(series: number): number {
    return this.floats[this.layout.baseOf(series) + SERIES.rows]
  }

  /**
   * Calls in flight that a series counts; 0 if the journal has no extra fields, or an invalid
   * number that other code wrote.
   */
  inFlightOf(series: number): number {
    const { floats, extrasAt } = this.blockOf(series)
    if (extrasAt === 0) return 0
    const count = floats[extrasAt + EXTRAS.inFlight]
    return Number.isSafeInteger(count) && count > 0 ? count : 0
  }

  /**
   * Assign the next block to a series. Only the recorder calls this.
   *
   * @param operation at most `LABEL_BYTES_MAX` bytes in UTF-8, as `status`
   * @returns the index of the series
   */
  addSeries({ operation, status }: SeriesName): number {
    const series = this.#added++
    const at = this.#namesAt(series)
    this.#writeName(at, operation)
    this.#writeName(at + 1 + LABEL_BYTES_MAX, status)
    Atomics.store(this.words, HEADER.seriesCount, series + 1)
    return series
  }

  /** The name of a series; the same object each time. */
  nameOf(series: number): SeriesName {
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
    const block = { floats, words, extrasAt: this.layout.extrasAt }
    this.#blocks[series] = block
    return block
  }

  /** Fold the rows of all series. Only the recorder calls this. */
  fold(): void {
    for (let series = 0; series < this.seriesCount; series++) {
      foldRows(this.blockOf(series), this.layout.bins)
    }
  }

  /** Request a report, or reset the request when a report is made. */
  setReportDue(isDue: boolean): void {
    for (let series = 0; series < this.seriesCount; series++) {
      this.floats[this.layout.baseOf(series) + SERIES.due] = isDue ? DUE.report : DUE.nothing
    }
  }

  /**
   * The stats of every series so far. The recorder reads them directly after `fold`, so nothing
   * changes during the read and all rows are folded.
   *
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `journal`, when other code wrote to the memory
   */
  readFolded(): PackedSeries[] {
    const all: PackedSeries[] = []
    for (let series = 0; series < this.seriesCount; series++) {
      all.push(readSeries(this.blockOf(series), this.layout.bins, this.nameOf(series)))
    }
    return all
  }

  /** The calls in flight of every series, as `inFlightOf`. */
  readInFlight(): number[] {
    return Array.from({ length: this.seriesCount }, (_, series) => this.inFlightOf(series))
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
    // TextDecoder does not accept shared memory, so the name is copied first.
    const start = at + 1
    const bytes = this.#bytes.slice(start, start + this.#bytes[at])
    try {
      return decoder.decode(bytes)
    } catch {
      throw corruptJournal('a name in UTF-8', `${bytes.length} other bytes`)
    }
  }
}
