import { partsOf, type SourceKey, type SourceSnapshot } from '../snapshot/source-snapshot.js'
import type { SeriesTable } from '../snapshot/series-table.js'
import type { Snapshot } from '../snapshot/snapshot.js'
import { growthOfBins } from '../stats/growth-of-bins.js'
import { restartsOf } from './engine-states.js'
import { IntervalWriter } from './interval-writer.js'
import { countsOfInterval, type LiveInterval } from './live-interval.js'
import { sourceName } from './source-name.js'

/**
 * The interval between two snapshots of one aggregator, in steps of one engine. It has the numbers
 * of `later.since(earlier)`, but not its objects, since it is computed every second. The time of
 * the later snapshot must be after that of the earlier.
 */
export function* intervalBetween(
  earlier: Snapshot,
  later: Snapshot,
): Generator<void, LiveInterval> {
  const before = new Map<SourceKey, SourceSnapshot>(
    earlier.sources.map((source) => [partsOf(source).key, source]),
  )
  const writer = new IntervalWriter()
  const restarts = new Map<string, number>()
  for (const source of later.sources) {
    const { key, table } = partsOf(source)
    const then = before.get(key)
    addGrowth(writer, sourceName(source), table, then && partsOf(then).table)
    const count = restartsOf(source.health) - (then ? restartsOf(then.health) : 0)
    if (count > 0) restarts.set(sourceName(source), count)
    yield
  }
  return {
    ...writer.finish(earlier.timestampMs, later.timestampMs),
    ...countsOfInterval(restarts, rejectionsBetween(earlier, later)),
  }
}

function rejectionsBetween(earlier: Snapshot, later: Snapshot): Map<string, number> {
  const before: Readonly<Record<string, number>> = earlier.rejections
  const counts = Object.entries(later.rejections).map(
    ([reason, count]) => [reason, count - (before[reason] ?? 0)] as const,
  )
  return new Map(counts.filter(([, count]) => count > 0))
}

function addGrowth(
  writer: IntervalWriter,
  source: string,
  later: SeriesTable,
  earlier: SeriesTable | undefined,
): void {
  // The table of a source is the same object until a report changes it.
  if (later === earlier) return
  for (const [index, name] of later.names.entries()) {
    const now = later.series[index]
    // Series keep their places, except when incarnations end in another order than they began.
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
