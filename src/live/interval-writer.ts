import { NUMBER_BYTES_MAX, writeNumber } from '../stats/leb128.js'
import type { PackedBins } from '../stats/packed-bins.js'
import type { SeriesName } from '../stats/packed-series.js'
import type { LiveInterval } from './live-interval.js'

/** Engine, name, rows, keys, bytes, failed keys and the length of the bins. */
const SERIES_NUMBERS = 7

/** The bytes that the last writer wrote into; undefined while a writer has them. */
let spare: Uint8Array | undefined
const BYTES_INITIAL = 2 ** 16
/** The text that a name is found by; sources keep their names from update to update. */
const keys = new WeakMap<SeriesName, string>()

/** The rows of one series in an interval. */
export interface LiveSeries {
  readonly rows: number
  readonly numKeys: number
  readonly numBytes: number
  readonly numFailedKeys: number
  readonly bins: PackedBins
}

/** Makes an interval, a series at a time. */
export class IntervalWriter {
  readonly #sources: string[] = []
  readonly #names = new Map<string, number>()
  readonly #nameList: SeriesName[] = []
  #bytes: Uint8Array
  #at = 0
  #source = ''

  constructor() {
    this.#bytes = spare ?? new Uint8Array(BYTES_INITIAL)
    spare = undefined
  }

  /** Add a series; all of one engine are to follow one another. */
  add(source: string, name: SeriesName, series: LiveSeries): void {
    const { bins } = series
    this.#reserve(SERIES_NUMBERS * NUMBER_BYTES_MAX + bins.length)
    if (this.#sources.length === 0 || source !== this.#source) {
      this.#sources.push(source)
      this.#source = source
    }
    this.#write(this.#sources.length - 1)
    this.#write(this.#indexOf(name))
    this.#write(series.rows)
    this.#write(series.numKeys)
    this.#write(series.numBytes)
    this.#write(series.numFailedKeys)
    this.#write(bins.length)
    this.#bytes.set(bins, this.#at)
    this.#at += bins.length
  }

  /** The interval; the writer is not used afterwards. */
  finish(fromMs: number, toMs: number): LiveInterval {
    const series = this.#bytes.slice(0, this.#at)
    spare = this.#bytes
    return { fromMs, toMs, sources: this.#sources, names: this.#nameList, series }
  }

  #indexOf(name: SeriesName): number {
    const key = keyOf(name)
    const known = this.#names.get(key)
    if (known !== undefined) return known
    const index = this.#nameList.push(name) - 1
    this.#names.set(key, index)
    return index
  }

  /** Counters of a source that was dropped and came back may be below those before: none is negative. */
  #write(value: number): void {
    this.#at = writeNumber(this.#bytes, this.#at, value > 0 ? value : 0)
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return
    const larger = new Uint8Array(2 * (this.#bytes.length + length))
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

/** A text for each name: names of the same operation and status have the same one, and no others. */
export function keyOf(name: SeriesName): string {
  const known = keys.get(name)
  if (known !== undefined) return known
  // Both may have any characters.
  const key = `${name.operation.length} ${name.operation}${name.status}`
  keys.set(name, key)
  return key
}
