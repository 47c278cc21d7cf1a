import { NUMBER_BYTES_MAX, writeNumber } from '../stats/leb128.js'
import type { PackedBins } from '../stats/packed-bins.js'
import type { SeriesName } from '../stats/packed-series.js'
import type { LiveInterval } from './live-interval.js'

/**
 * Numbers before the bins of a series: engine, name, rows, keys, bytes, failed keys and the length
 * of the bins.
 */
const SERIES_NUMBERS = 7

/** The buffer of the last writer, for the next one; undefined while a writer uses it. */
let spare: Uint8Array | undefined
const BYTES_INITIAL = 2 ** 16
/** The key of each name; sources use the same name objects in all updates. */
const keys = new WeakMap<SeriesName, string>()

/** The rows of one series in an interval. */
export interface LiveSeries {
  readonly rows: number
  readonly numKeys: number
  readonly numBytes: number
  readonly numFailedKeys: number
  readonly bins: PackedBins
}

/** Builds an interval series by series. */
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

  /** Add a series. All series of one engine must be added consecutively. */
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

  /** The finished interval. The writer must not be used afterwards. */
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

  /**
   * Write a number, at least 0: the counters of a source that was dropped and added again may have
   * gone down.
   */
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

/** A key that is equal for names of the same operation and status, and different for others. */
export function keyOf(name: SeriesName): string {
  const known = keys.get(name)
  if (known !== undefined) return known
  // Both names may contain any character, so the length separates them.
  const key = `${name.operation.length} ${name.operation}${name.status}`
  keys.set(name, key)
  return key
}
