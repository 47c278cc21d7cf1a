import { partsOf, type SourceKey, type SourceSnapshot } from '../snapshot/source-snapshot.js'
import type { SeriesTable } from '../snapshot/series-table.js'
import type { Snapshot } from '../snapshot/snapshot.js'
import { growthOfBins } from '../stats/growth-of-bins.js'
import { IntervalWriter } from './interval-writer.js'
import type { LiveInterval } from './live-interval.js'
import { sourceName } from './source-name.js'

/**
 * What engines counted between two snapshots of one aggregator, in steps, one an engine. It has the
 * numbers of `later.since(earlier)` without making its objects, since it is made once a second. The
 * clock shows a later time for the later snapshot.
 */
export function* intervalBetween(
  earlier: Snapshot,
  later: Snapshot,
): Generator<void, LiveInterval> {
  const before = new Map<SourceKey, SourceSnapshot>(
    earlier.sources.map((source) => [partsOf(source).key, source]),
  )
  const writer = new IntervalWriter()
  for (const source of later.sources) {
    const { key, table } = partsOf(source)
    const then = before.get(key)
    addGrowth(writer, sourceName(source), table, then && partsOf(then).table)
    yield
  }
  return writer.finish(earlier.timestampMs, later.timestampMs)
}

function addGrowth(
  writer: IntervalWriter,
  source: string,
  later: SeriesTable,
  earlier: SeriesTable | undefined,
): void {
  // A source keeps its table until a report changes it.
  if (later === earlier) return
  for (const [index, name] of later.names.entries()) {
    const now = later.series[index]
    // Series keep their places, unless incarnations end in another order.
    const place = earlier?.names[index] === name ? index : earlier?.names.indexOf(name)
    const then = place === undefined ? undefined : earlier?.series[place]
    if (now.rows === (then?.rows ?? 0)) continue
    if (then === undefined) {
      writer.add(source, name, now)
      continue
    }
    writer.add(source, name, {
      rows: now.rows - then.rows,
      numKeys: now.numKeys - then.numKeys,
      numBytes: now.numBytes - then.numBytes,
      numFailedKeys: now.numFailedKeys - then.numFailedKeys,
      bins: growthOfBins(now.bins, then.bins),
    })
  }
}
