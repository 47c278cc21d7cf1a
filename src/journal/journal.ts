import { MoonmeterError } from '../errors.js'
import { LABEL_BYTES_MAX } from '../stats/bounded-names.js'
import type { PackedSeries, SeriesName } from '../stats/packed-series.js'
import { foldRows } from './fold-rows.js'
import {
  FLOAT64_BYTES,
  FLOAT64_WORDS,
  HEADER,
  type JournalLayout,
  RECENT_ROWS,
  SERIES,
} from './journal-layout.js'
import { readSeries } from './read-series.js'
import type { SeriesBlock } from './series-block.js'

/** Marks memory as a journal of this version; the lowest byte is the version. */
const MAGIC = 0x6d6f6f04
/** A row's place in the ring is its number modulo a power of two: a mask is faster than `%`. */
const RECENT_MASK = RECENT_ROWS - 1
/** Attempts to copy a series while its recorder does not fold; at full speed most fail. */
const COPY_ATTEMPTS_MAX = 64
/** Milliseconds that the system may hold a thread back in the middle of a fold. */
const HELD_MS_MAX = 20

/** A name that begins with U+FEFF begins with a character, not with a byte order mark. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * What the recorder of a journal may do during a read.
 *
 * - `live`: it may write.
 * - `final`: it may write, but this is the last read.
 * - `quiescent`: it has ended.
 */
export type Writer = 'live' | 'final' | 'quiescent'

/**
 * The shared memory that one recorder writes and any thread may read, also after the recorder's
 * thread has ended. There is one writer, which uses plain stores. Counts only grow: a reader beside
 * a live writer sees each count as of some moment of the read, and a reader after the writer's end
 * sees the last record.
 */
export class Journal {
  readonly layout: JournalLayout
  readonly floats: Float64Array
  /** The same memory as int32; the header is at its start. */
  readonly words: Int32Array
  readonly #blocks: SeriesBlock[] = []
  readonly #bytes: Uint8Array
  readonly #names: SeriesName[] = []

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

  get seriesCount(): number {
    return Atomics.load(this.words, HEADER.seriesCount)
  }

  /** Number of reports the recorder sent, the one it may be making included. */
  get reportsSent(): number {
    return Atomics.load(this.words, HEADER.sent)
  }

  /**
   * Give the next block of memory to a series; only the recorder does.
   *
   * @param operation and `status` at most `LABEL_BYTES_MAX` bytes in UTF-8
   * @returns the index of the series
   */
  addSeries({ operation, status }: SeriesName): number {
    const series = this.seriesCount
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
    const block = { floats, words }
    this.#blocks[series] = block
    return block
  }

  /** Count the rows that are only in the rings; only the recorder does. */
  fold(): void {
    for (let series = 0; series < this.seriesCount; series++) {
      foldRows(this.blockOf(series), this.layout.bins)
    }
  }

  /** Ask for a report, or note that one is being made. */
  setReportDue(isDue: boolean): void {
    for (let series = 0; series < this.seriesCount; series++) {
      this.floats[this.layout.baseOf(series) + SERIES.reportDue] = Number(isDue)
    }
  }

  /**
   * The stats of every series so far, read by the recorder itself right after `fold`: nothing
   * changes meanwhile, and no row is left in the rings.
   */
  readFolded(): PackedSeries[] {
    const all: PackedSeries[] = []
    for (let series = 0; series < this.seriesCount; series++) {
      all.push(readSeries(this.blockOf(series).floats, this.layout.bins, this.nameOf(series)))
    }
    return all
  }

  /**
   * The stats of every series so far.
   *
   * @param known the series as read or reported before; those without new rows are taken from here
   * @returns undefined when no consistent copy could be made beside a live recorder. For the other
   * writers, a fold that did not end is completed from the ring.
   */
  read(writer: Writer, known: readonly PackedSeries[] = []): PackedSeries[] | undefined {
    const all: PackedSeries[] = []
    for (let series = 0; series < this.seriesCount; series++) {
      const before = known[series]
      if (before !== undefined && before.rows === this.#rowsOf(series)) {
        all.push(before)
        continue
      }
      const block = this.#copyBlock(series, writer)
      if (block === undefined) return undefined
      all.push(readSeries(block, this.layout.bins, this.nameOf(series)))
    }
    return all
  }

  /** Whether any series has rows that are not among the known ones. */
  hasNewRows(known: readonly PackedSeries[]): boolean {
    if (this.seriesCount !== known.length) return true
    return known.some(({ rows }, series) => rows !== this.#rowsOf(series))
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
      durations[row - from] = this.floats[recent + (row & RECENT_MASK)]
    }
    return this.#ringHolds(base, from) ? durations : undefined
  }

  #rowsOf(series: number): number {
    return this.floats[this.layout.baseOf(series) + SERIES.rows]
  }

  /**
   * Whether the ring still holds the durations from a row on. The recorder writes the duration of
   * the next row before it counts that row, so the oldest place may be overwritten already.
   */
  #ringHolds(base: number, from: number): boolean {
    return this.floats[base + SERIES.rows] - from < RECENT_ROWS
  }

  /**
   * A copy of a series' block, with the rows that are only in the ring still to be folded; it is
   * valid until the next copy is made.
   *
   * The seqlock shows whether the copy is consistent. Bins of half a fold are never used, since a
   * count could go down after them. A thread that has ended may have left a fold incomplete, but
   * no row. One that runs may be descheduled in the middle of a fold; a `final` read waits for it.
   */
  #copyBlock(series: number, writer: Writer): Float64Array<ArrayBuffer> | undefined {
    const { floats } = this
    const base = this.layout.baseOf(series)
    const block = this.layout.scratch
    const folded = floats.subarray(base + SERIES.foldBegin, base + this.layout.seriesLength)
    const isLast = writer !== 'live'
    const heldUntilMs = writer === 'final' ? performance.now() + HELD_MS_MAX : 0
    let isStill = false
    for (
      let attempt = 0;
      attempt < COPY_ATTEMPTS_MAX || (isLast && !isStill) || performance.now() < heldUntilMs;
      attempt++
    ) {
      const foldEnd = floats[base + SERIES.foldEnd]
      block.set(folded, SERIES.foldBegin)
      const isConsistent = floats[base + SERIES.foldBegin] === foldEnd
      block.set(floats.subarray(base, base + SERIES.recent))
      block[SERIES.foldEnd] = foldEnd
      this.#copyRing(block, base, foldEnd, block[SERIES.rows])
      if (isConsistent && this.#ringHolds(base, foldEnd)) return block
      isStill = floats[base + SERIES.foldEnd] === foldEnd
    }
    // The fold did not end within HELD_MS_MAX, so its thread no longer runs.
    return isLast && isStill ? block : undefined
  }

  /** Copy the durations of the rows [from, to) of a series' ring, or all where they wrap around. */
  #copyRing(block: Float64Array, base: number, from: number, to: number): void {
    if (from === to) return
    const first = from & RECENT_MASK
    const last = to & RECENT_MASK
    const start = SERIES.recent + (first < last ? first : 0)
    const end = SERIES.recent + (first < last ? last : RECENT_ROWS)
    block.set(this.floats.subarray(base + start, base + end), start)
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
