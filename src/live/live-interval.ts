import { NumberReader } from '../stats/leb128.js'
import type { PackedBins } from '../stats/packed-bins.js'
import type { SeriesName } from '../stats/packed-series.js'

/**
 * The stats of all engines in an interval, small enough to keep hundreds and to send one per
 * second.
 */
export interface LiveInterval {
  /** When it begins and ends, in milliseconds since 1970. */
  readonly fromMs: number
  readonly toMs: number
  /** Names (`sourceName`) of the engines that recorded rows in the interval. */
  readonly sources: readonly string[]
  /** The names of its series. */
  readonly names: readonly SeriesName[]
  /**
   * The series with rows, each as LEB128 numbers: the index of its engine in `sources`, that of its
   * name in `names`, its rows, keys, bytes and failed keys, the length of its bins in bytes, and then
   * its `PackedBins`. Reports have the same bins.
   */
  readonly series: Uint8Array
  /** Restarts by engine; absent without restarts. */
  readonly restarts?: Counts
  /** Rejected payloads by reason; absent without rejections. */
  readonly rejections?: Counts
}

/** Counts above zero by name. */
export type Counts = ReadonlyMap<string, number>

/** The counts of an interval as its optional fields: those without any are left out. */
export function countsOfInterval(restarts: Counts, rejections: Counts) {
  return {
    ...(restarts.size > 0 && { restarts }),
    ...(rejections.size > 0 && { rejections }),
  }
}

/** Reads the series of an interval, one after another. */
export class SeriesReader {
  readonly #bytes: Uint8Array
  readonly #numbers: NumberReader
  readonly #interval: LiveInterval
  /** The engine of the current series; its name is `name`. */
  source = ''
  name: SeriesName = { operation: '', status: '' }
  rows = 0
  numKeys = 0
  numBytes = 0
  numFailedKeys = 0
  #binsEnd = 0

  constructor(interval: LiveInterval) {
    this.#interval = interval
    this.#bytes = interval.series
    this.#numbers = new NumberReader(interval.series)
  }

  /** Read the next series; false after the last, and for malformed bytes. */
  next(): boolean {
    const numbers = this.#numbers
    numbers.at = this.#binsEnd
    if (numbers.isAtEnd) return false
    const source = this.#interval.sources[numbers.next()]
    const name = this.#interval.names[numbers.next()]
    this.rows = numbers.next()
    this.numKeys = numbers.next()
    this.numBytes = numbers.next()
    this.numFailedKeys = numbers.next()
    this.#binsEnd = numbers.next() + numbers.at
    if (source === undefined || name === undefined) return this.#fail()
    if (!(this.#binsEnd <= this.#bytes.length)) return this.#fail()
    // A number that is too long is read as NaN, which would make every sum NaN.
    if (Number.isNaN(this.rows + this.numKeys + this.numBytes + this.numFailedKeys)) {
      return this.#fail()
    }
    this.source = source
    this.name = name
    return true
  }

  /** The bins of the current series. */
  get bins(): PackedBins {
    return this.#bytes.subarray(this.#numbers.at, this.#binsEnd)
  }

  #fail(): boolean {
    this.#binsEnd = this.#bytes.length
    return false
  }
}
