import type { BenchmarkCase, Measures, Scale } from '../harness/benchmark-case.js'
import { CallTimes } from '../harness/timing.js'
import { loadPeer } from '../peers/load-peer.js'
import type { PeerSession } from '../peers/peer.js'
import { makeRows, ROW_COUNT, type Rows } from '../workload/rows.js'
import { OPERATIONS, recordTwelveSeries } from '../workload/twelve-series.js'

const OURS = 'moonmeter'
const ROWS_PER_MILLION = 1e6
const US_PER_MS = 1e3

/** A peer, and the number of its engines and of the rows in each report. */
interface Setting {
  readonly peer: string
  readonly rows: number
  readonly engines: number
  readonly intervals: { readonly quick: number; readonly full: number }
}

/** Engines that report in turn, so that the code is in the caches and their data is not. */
const ENGINES = 8
const PEER_ENGINES = 2
const SETTINGS: Readonly<Record<string, Setting>> = {
  'moonmeter-100': ours(100, { quick: 12, full: 60 }),
  'moonmeter-10k': ours(10_000, { quick: 12, full: 60 }),
  'moonmeter-1m': ours(1_000_000, { quick: 2, full: 10 }),
  'prom-aggregate': peer('prom-aggregate'),
  'msgpack-rows': peer('msgpack-rows'),
  'clone-rows': peer('clone-rows'),
}
/** All rows in every operation, so that the same number of bins is in use at every rate. */
const PREVIOUS_ROWS = OPERATIONS.length * ROW_COUNT
/** Intervals of few rows before the measurement: V8 has optimized the code after some 200. */
const WARM_UP_INTERVALS = 300
const WARM_UP_ROWS = 120
const PEER_WARM_UP_INTERVALS = 3
const PEER_WARM_UP_ROWS = 1_200

/** Time that a report takes on the main thread. */
export const postAndMergeCase: BenchmarkCase = {
  name: 'post-and-merge',
  title: 'Take and merge a report on the main thread',
  about:
    'From the message on the port to the merged stats, for 8 engines (2 of peers) with 12 series ' +
    'that report one after the other; median over the reports. The engines recorded before, so ' +
    'that all their bins are in use. Rows that are sent are counted by prom-client; reports of ' +
    'prom-client are aggregated one by one.',
  variants: [
    { name: 'moonmeter-100', title: 'moonmeter, 100 rows a report', quick: true },
    { name: 'moonmeter-10k', title: 'moonmeter, 10,000 rows a report', quick: true },
    { name: 'moonmeter-1m', title: 'moonmeter, 1,000,000 rows a report', quick: true },
    { name: 'prom-aggregate', title: 'prom-client, registry as JSON, 10,000 rows' },
    { name: 'msgpack-rows', title: 'rows by msgpackr into prom-client, 10,000 rows', quick: true },
    { name: 'clone-rows', title: 'rows by structured clone into prom-client, 10,000 rows' },
  ],
  columns: [
    { name: 'us', title: 'µs a report' },
    { name: 'msPerMillion', title: 'ms per million rows', relativeTo: ['moonmeter-10k'] },
  ],
  async run(variant: string, { quick }: Scale): Promise<Measures> {
    const setting = SETTINGS[variant]
    if (setting === undefined) throw new Error(`post-and-merge: no variant ${variant}`)
    const peer = await loadPeer(setting.peer)
    const opened = Array.from({ length: setting.engines }, () => peer.open())
    const sessions = await Promise.all(opened)
    const rows = makeRows('mixed')
    await warmUp(sessions, rows, setting)
    const times = new CallTimes()
    const intervals = quick ? setting.intervals.quick : setting.intervals.full
    for (let interval = 0; interval < intervals; interval++) {
      await recordAndReport(sessions, rows, setting.rows)
      for (const session of sessions) times.time(() => session.receive?.())
    }
    let counted = 0
    for (const session of sessions) {
      counted += (await session.totals()).rows ?? 0
      session.close?.()
    }
    const us = times.medianUs
    return { us, msPerMillion: (us / US_PER_MS) * (ROWS_PER_MILLION / setting.rows), counted }
  },
}

function ours(rows: number, intervals: Setting['intervals']): Setting {
  return { peer: OURS, rows, engines: ENGINES, intervals }
}

function peer(name: string): Setting {
  return { peer: name, rows: 10_000, engines: PEER_ENGINES, intervals: { quick: 2, full: 15 } }
}

async function recordAndReport(
  sessions: readonly PeerSession[],
  rows: Rows,
  count: number,
): Promise<void> {
  for (const session of sessions) {
    recordTwelveSeries(session, rows, count)
    await session.report?.()
  }
}

async function warmUp(
  sessions: readonly PeerSession[],
  rows: Rows,
  { peer }: Setting,
): Promise<void> {
  const isOurs = peer === OURS
  if (isOurs) for (const session of sessions) recordTwelveSeries(session, rows, PREVIOUS_ROWS)
  const intervals = isOurs ? WARM_UP_INTERVALS : PEER_WARM_UP_INTERVALS
  for (let interval = 0; interval < intervals; interval++) {
    await recordAndReport(sessions, rows, isOurs ? WARM_UP_ROWS : PEER_WARM_UP_ROWS)
    for (const session of sessions) session.receive?.()
  }
}
