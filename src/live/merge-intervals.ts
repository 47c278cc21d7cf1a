import type { BinLayout } from '../stats/bin-layout.js'
import { mergePackedBins, type PackedBins } from '../stats/packed-bins.js'
import type { SeriesName } from '../stats/packed-series.js'
import { IntervalWriter, keyOf, type LiveSeries } from './interval-writer.js'
import { type Counts, countsOfInterval, type LiveInterval, SeriesReader } from './live-interval.js'

interface Sum extends Omit<LiveSeries, 'bins'> {
  readonly name: SeriesName
  readonly parts: readonly PackedBins[]
}

/** Merge consecutive intervals, at least one. */
export function mergeIntervals(
  layout: BinLayout,
  intervals: readonly LiveInterval[],
): LiveInterval {
  const sources = new Map<string, Map<string, Sum>>()
  for (const interval of intervals) {
    const reader = new SeriesReader(interval)
    while (reader.next()) addSeries(sources, reader)
  }
  const writer = new IntervalWriter()
  for (const [source, sums] of sources) {
    for (const sum of sums.values()) {
      writer.add(source, sum.name, { ...sum, bins: mergePackedBins(sum.parts, layout) })
    }
  }
  return {
    ...writer.finish(intervals[0]?.fromMs ?? 0, intervals.at(-1)?.toMs ?? 0),
    ...countsOfInterval(
      sumOf(intervals.map(({ restarts }) => restarts)),
      sumOf(intervals.map(({ rejections }) => rejections)),
    ),
  }
}

/** The sums of counts by name. */
function sumOf(all: readonly (Counts | undefined)[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const counts of all) {
    for (const [name, count] of counts ?? []) sums.set(name, (sums.get(name) ?? 0) + count)
  }
  return sums
}

function addSeries(sources: Map<string, Map<string, Sum>>, reader: SeriesReader): void {
  const { source, name, rows, numKeys, numBytes, numFailedKeys, bins } = reader
  const sums = sources.get(source) ?? new Map<string, Sum>()
  sources.set(source, sums)
  const key = keyOf(name)
  const known = sums.get(key)
  sums.set(key, {
    name,
    rows: (known?.rows ?? 0) + rows,
    numKeys: (known?.numKeys ?? 0) + numKeys,
    numBytes: (known?.numBytes ?? 0) + numBytes,
    numFailedKeys: (known?.numFailedKeys ?? 0) + numFailedKeys,
    parts: [...(known?.parts ?? []), bins],
  })
}
