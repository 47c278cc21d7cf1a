import { BINS_MAX } from '../../../src/stats/bin-layout.js'
import type { ConnectorStats } from '../../../src/stats/connector-stats.js'
import { addPackedBins } from '../../../src/stats/packed-bins.js'
import type { PackedSeries } from '../../../src/stats/packed-series.js'
import type { SeriesStats } from '../../../src/stats/series-stats.js'

const ALL_BINS = Uint16Array.from({ length: BINS_MAX }, (_, bin) => bin)

/** The content of a series, in a form that can be compared. */
export interface SeriesContents {
  readonly rows: number
  readonly numKeys: number
  readonly numBytes: number
  readonly numFailedKeys: number
  /** The exact sum of the durations, in units of 2^-82 s. */
  readonly sumUnits: bigint
  /** The non-empty bins with their counts. */
  readonly bins: readonly (readonly [number, number])[]
}

/** The content of a series of stats. */
export function seriesContents(stats: SeriesStats): SeriesContents {
  return packedContents(stats.pack({ operation: '', status: '' }))
}

/** The content of a packed series. */
export function packedContents(series: PackedSeries): SeriesContents {
  const counts = new Float64Array(BINS_MAX)
  addPackedBins(counts, series.bins, ALL_BINS)
  const bins: (readonly [number, number])[] = []
  // A loop without allocation: thousands of bins are empty, and property tests call this thousands
  // of times.
  for (let bin = 0; bin < BINS_MAX; bin++) if (counts[bin] !== 0) bins.push([bin, counts[bin]])
  const { rows, numKeys, numBytes, numFailedKeys, durationSum: sumUnits } = series
  return { rows, numKeys, numBytes, numFailedKeys, sumUnits, bins }
}

/** The content of stats, by operation and status. */
export function contentsOf(stats: ConnectorStats): Map<string, SeriesContents> {
  const all = [...stats.series()].map(
    ({ operation, status, stats: series }) =>
      [JSON.stringify([operation, status]), seriesContents(series)] as const,
  )
  return new Map(all.sort(([left], [right]) => (left < right ? -1 : 1)))
}

/** The content of packed series, by operation and status. */
export function contentsOfPacked(all: readonly PackedSeries[]): Map<string, SeriesContents> {
  const contents = all.map(
    (series) =>
      [JSON.stringify([series.operation, series.status]), packedContents(series)] as const,
  )
  return new Map(contents.sort(([left], [right]) => (left < right ? -1 : 1)))
}
