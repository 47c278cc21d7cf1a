import { combinePackedBins } from '../stats/combine-packed-bins.js'
import type { SeriesName } from '../stats/packed-series.js'
import { IntervalWriter, type LiveSeries } from './interval-writer.js'
import { type LiveInterval, SeriesReader } from './live-interval.js'

interface NamedSeries extends LiveSeries {
  readonly name: SeriesName
}

/** Two intervals that follow one another as one. */
export function mergeIntervals(earlier: LiveInterval, later: LiveInterval): LiveInterval {
  const sources = new Map<string, Map<string, NamedSeries>>()
  for (const interval of [earlier, later]) {
    const reader = new SeriesReader(interval)
    while (reader.next()) addSeries(sources, reader)
  }
  const writer = new IntervalWriter()
  for (const [source, all] of sources) {
    for (const series of all.values()) writer.add(source, series.name, series)
  }
  return writer.finish(earlier.fromMs, later.toMs)
}

function addSeries(sources: Map<string, Map<string, NamedSeries>>, reader: SeriesReader): void {
  const { source, name, rows, numKeys, numBytes, numFailedKeys, bins } = reader
  const all = sources.get(source) ?? new Map<string, NamedSeries>()
  sources.set(source, all)
  const key = `${name.operation}\0${name.status}`
  const known = all.get(key)
  all.set(
    key,
    known === undefined
      ? { name, rows, numKeys, numBytes, numFailedKeys, bins }
      : {
          name,
          rows: known.rows + rows,
          numKeys: known.numKeys + numKeys,
          numBytes: known.numBytes + numBytes,
          numFailedKeys: known.numFailedKeys + numFailedKeys,
          bins: combinePackedBins(known.bins, bins, 1),
        },
  )
}
