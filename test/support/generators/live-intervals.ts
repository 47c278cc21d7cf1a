import { IntervalWriter } from '../../../src/live/interval-writer.js'
import { type LiveInterval, SeriesReader } from '../../../src/live/live-interval.js'
import { type BinLayout, DEFAULT_LAYOUT } from '../../../src/stats/bin-layout.js'
import { packBins, unpackBins } from '../../../src/stats/packed-bins.js'

/** Some rows of one series with the same duration. Defaults are 0 and `ok`. */
export interface RowsOf {
  readonly source?: string
  readonly operation?: string
  readonly status?: string
  readonly seconds: number
  readonly rows?: number
  readonly numKeys?: number
  readonly numBytes?: number
  readonly numFailedKeys?: number
}

/** An interval with the given rows. */
export function intervalOf(
  fromMs: number,
  toMs: number,
  all: readonly RowsOf[],
  layout: BinLayout = DEFAULT_LAYOUT,
): LiveInterval {
  const writer = new IntervalWriter()
  const sources = new Set(all.map(({ source = '0' }) => source))
  for (const source of sources) {
    const own = all.filter((each) => (each.source ?? '0') === source)
    for (const { operation = 'load_get', status = 'ok', seconds, ...counts } of own) {
      const { rows = 1, numKeys = rows, numBytes = 0, numFailedKeys = 0 } = counts
      const bins = new Float64Array(layout.binCount)
      bins[layout.binOf(seconds)] = rows
      const series = { rows, numKeys, numBytes, numFailedKeys, bins: packBins(bins) }
      writer.add(source, { operation, status }, series)
    }
  }
  return writer.finish(fromMs, toMs)
}

/** The counts of a series. */
export interface SeriesCounts {
  readonly rows: number
  readonly numKeys: number
  readonly numBytes: number
  readonly numFailedKeys: number
  /** Rows per bin. */
  readonly bins: readonly number[]
}

/** The sums of intervals, by engine, operation and status as JSON, without series without rows. */
export function countsIn(
  intervals: readonly LiveInterval[],
  layout: BinLayout = DEFAULT_LAYOUT,
): Map<string, SeriesCounts> {
  const sums = new Map<string, SeriesCounts>()
  for (const interval of intervals) {
    const reader = new SeriesReader(interval)
    while (reader.next()) {
      const { source, name, rows, numKeys, numBytes, numFailedKeys } = reader
      const key = JSON.stringify([source, name.operation, name.status])
      const known = sums.get(key)
      const bins = [...unpackBins(reader.bins, layout)]
      sums.set(key, {
        rows: rows + (known?.rows ?? 0),
        numKeys: numKeys + (known?.numKeys ?? 0),
        numBytes: numBytes + (known?.numBytes ?? 0),
        numFailedKeys: numFailedKeys + (known?.numFailedKeys ?? 0),
        bins: bins.map((count, bin) => count + (known?.bins[bin] ?? 0)),
      })
    }
  }
  return sums
}
