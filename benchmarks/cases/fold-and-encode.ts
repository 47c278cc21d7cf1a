import type { BenchmarkCase, Measures, Scale } from '../harness/benchmark-case.js'
import { CallTimes } from '../harness/timing.js'
import { loadPeer } from '../peers/load-peer.js'
import { MoonmeterSession } from '../peers/moonmeter.js'
import { ROWS_PER_REPORT } from '../peers/peer.js'
import { makeRows } from '../workload/rows.js'
import { recordTwelveSeries } from '../workload/twelve-series.js'
import { verifyPeer } from './verify-peer.js'

const WARM_UP_REPORTS = 100
const REPORTS = { quick: 50, full: 300 }

/** Time that a report takes on the engine thread. */
export const foldAndEncodeCase: BenchmarkCase = {
  name: 'fold-and-encode',
  title: 'Make and post a report on the engine thread',
  about:
    'An engine with 12 series and 10,000 rows since its last report: folding the rows that are not ' +
    'yet in the bins, reading the journal, encoding and posting; prom-client: `getMetricsAsJSON` and ' +
    '`postMessage`. The totals are compared on the other side before. Median of many reports.',
  variants: [
    { name: 'moonmeter', title: 'moonmeter, everything so far', quick: true },
    { name: 'msgpack-rows', title: 'the 10,000 rows packed by msgpackr' },
    { name: 'prom-aggregate', title: "prom-client's registry as JSON", quick: true },
  ],
  columns: [
    { name: 'us', title: 'µs a report', relativeTo: ['moonmeter'] },
    { name: 'bytes', title: 'bytes a report' },
  ],
  async run(variant: string, { quick }: Scale): Promise<Measures> {
    const peer = await loadPeer(variant)
    const rows = makeRows('mixed')
    await verifyPeer(peer, rows)
    const session = await peer.open()
    const times = new CallTimes()
    for (let report = 0; report < WARM_UP_REPORTS; report++) {
      recordTwelveSeries(session, rows, ROWS_PER_REPORT / 10)
      await session.report?.()
      session.receive?.()
    }
    for (let report = 0; report < (quick ? REPORTS.quick : REPORTS.full); report++) {
      recordTwelveSeries(session, rows, ROWS_PER_REPORT)
      await times.timeAsync(async () => session.report?.())
      session.receive?.()
    }
    const bytes = session instanceof MoonmeterSession ? { bytes: session.reportBytes } : {}
    session.close?.()
    return { us: times.medianUs, ...bytes }
  },
}
