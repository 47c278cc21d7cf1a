import { MoonmeterError } from '../errors.js'
import { OCTAVE_BIASED_MIN, OCTAVE_COUNT } from '../stats/cell-layout.js'
import { ExactSum, LIMB_COUNT } from '../stats/exact-sum.js'
import type { SeriesSnapshot } from '../stats/series-snapshot.js'
import {
  FLOAT64_BYTES,
  HEADER,
  type JournalLayout,
  LABEL_BYTES_MAX,
  SERIES,
} from './journal-layout.js'

/** Says that memory is a journal of this version; the lowest byte is the version. */
const MAGIC = 0x6d6f6f02
const TWO_32 = 2 ** 32
/** What one unit of a `sumCarry` lane is worth in units of its `sumHigh` lane. */
export const SUM_CARRY_UNIT = 2 ** 52

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

  /** The stats of every series so far. */
  snapshot(): SeriesSnapshot[] {
    return Array.from({ length: this.seriesCount }, (_, series) => this.#snapshotOf(series))
  }

  /**
   * The durations of the rows [from, to) of a series in seconds, rows counted from 0, or undefined
   * where the ring no longer holds them all.
   */
  recentDurations(series: number, from: number, to: number): Float64Array | undefined {
    const { recentRowsMax } = this.layout
    const base = this.layout.baseOf(series)
    if (to - from >= recentRowsMax) return undefined
    const at = base + this.layout.recent
    const durations = new Float64Array(to - from)
    for (let row = from; row < to; row++) {
      durations[row - from] = this.floats[at + (row % recentRowsMax)]
    }
    // The recorder may have gone on meanwhile, and writes a row's duration before it counts it.
    const rowsNow = this.floats[base + SERIES.rows]
    return rowsNow - from < recentRowsMax ? durations : undefined
  }

  #snapshotOf(series: number): SeriesSnapshot {
    const base = this.layout.baseOf(series)
    const cellsAt = base + SERIES.cells
    const cells = this.floats.slice(cellsAt, cellsAt + this.layout.cells.slotCount)
    let used = 0
    for (let slot = 0; slot < cells.length; slot++) if (cells[slot] !== 0) used++
    const slots = new Uint16Array(used)
    const counts = new Float64Array(used)
    let rows = 0
    used = 0
    for (let slot = 0; slot < cells.length; slot++) {
      if (cells[slot] === 0) continue
      slots[used] = slot
      counts[used++] = cells[slot]
      rows += cells[slot]
    }
    return {
      ...this.namesOf(series),
      numKeys: this.floats[base + SERIES.keys],
      numBytes: this.floats[base + SERIES.bytes],
      numFailedKeys: this.floats[base + SERIES.failedKeys],
      durationSum: this.#durationSumOf(base),
      slots,
      counts,
      rows,
    }
  }

  #durationSumOf(base: number): ExactSum {
    const sum = new ExactSum()
    const lowAt = (base + this.layout.sumLow) * 2
    for (let octave = 0; octave < OCTAVE_COUNT; octave++) {
      // The lowest mantissa bit of this octave, counted from 2^-1074.
      const position = OCTAVE_BIASED_MIN + octave - 1
      const low = this.words[lowAt + octave] >>> 0
      const high = this.floats[base + this.layout.sumHigh + octave]
      const carry = this.floats[base + this.layout.sumCarry + octave]
      if (low !== 0) sum.addBits(0, low, position)
      if (high !== 0) sum.addBits(Math.floor(high / TWO_32), high % TWO_32, position + 32)
      if (carry !== 0) sum.addBits(Math.floor(carry / TWO_32), carry % TWO_32, position + 84)
    }
    const rareAt = base + this.layout.rareSum
    for (let limb = 0; limb < LIMB_COUNT; limb++) {
      const value = this.floats[rareAt + limb]
      if (value !== 0) sum.addBits(Math.floor(value / TWO_32), value % TWO_32, limb * 32)
    }
    return sum
  }

  #namesAt(series: number): number {
    return (this.layout.baseOf(series) + this.layout.names) * FLOAT64_BYTES
  }

  #writeName(at: number, name: string): void {
    const encoded = new TextEncoder().encode(name)
    this.#bytes[at] = encoded.length
    this.#bytes.set(encoded, at + 1)
  }

  #readName(at: number): string {
    // TextDecoder refuses shared memory, so the name is copied first.
    const start = at + 1
    return new TextDecoder().decode(this.#bytes.slice(start, start + this.#bytes[at]))
  }
}
