import type { BenchmarkCase, Measures, Scale } from '../harness/benchmark-case.js'
import { CallTimes } from '../harness/timing.js'
import { ConnectedFleet } from '../workload/connected-fleet.js'

const ENGINES = 64
const WARM_UP_SNAPSHOTS = 60
const SNAPSHOTS = { quick: 40, full: 200 }
const US_PER_MS = 1e3

/** A snapshot of connected engines. */
export const snapshotCase: BenchmarkCase = {
  name: 'snapshot',
  title: 'A snapshot of 64 engines',
  about:
    '`aggregator.snapshot()` with 64 connected engines of 12 series, which reads the journals of ' +
    'the engines that have new rows: here those of all engines in every series, or of none. The ' +
    'number of rows of the first snapshot is compared. Then `later.since(earlier)`, the interval ' +
    'from the snapshot before. Median of many.',
  variants: [
    { name: 'changed', title: 'new rows in every series of every engine', quick: true },
    { name: 'unchanged', title: 'no new rows' },
  ],
  columns: [
    { name: 'ms', title: 'ms a snapshot' },
    { name: 'sinceMs', title: 'ms an interval' },
  ],
  async run(variant: string, { quick }: Scale): Promise<Measures> {
    const fleet = await ConnectedFleet.open(ENGINES)
    const { aggregator } = fleet
    fleet.advance()
    let earlier = aggregator.snapshot()
    if (earlier.rows !== fleet.recorded) {
      throw new Error(`snapshot: expected ${fleet.recorded} rows, got ${earlier.rows}`)
    }
    let times = new CallTimes()
    let sinceTimes = new CallTimes()
    let counted = 0
    const snapshots = WARM_UP_SNAPSHOTS + (quick ? SNAPSHOTS.quick : SNAPSHOTS.full)
    for (let index = 0; index < snapshots; index++) {
      if (index === WARM_UP_SNAPSHOTS) [times, sinceTimes] = [new CallTimes(), new CallTimes()]
      if (variant === 'changed') fleet.advance()
      const later = times.time(() => aggregator.snapshot())
      const interval = sinceTimes.time(() => later.since(earlier))
      counted += interval.rows
      earlier = later
    }
    const [ms, sinceMs] = [times.medianUs / US_PER_MS, sinceTimes.medianUs / US_PER_MS]
    return { ms, sinceMs, counted }
  },
}
