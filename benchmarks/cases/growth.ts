import { setImmediate as nextTurn } from 'node:timers/promises'
import { EngineAggregator } from '../../src/index.js'
import { HEADER } from '../../src/journal/journal-layout.js'
import { createRecorder } from '../../src/recorder/index.js'
import type { BenchmarkCase, Measures } from '../harness/benchmark-case.js'
import { median } from '../harness/statistics.js'
import { loadPeer } from '../peers/load-peer.js'
import { makeRows, ROW_COUNT } from '../workload/rows.js'
import { OPERATIONS, recordTwelveSeries } from '../workload/twelve-series.js'
import { recordRows } from './record-rows.js'

const US_PER_MS = 1e3
const NEVER_MS = 2 ** 31 - 1
const INTERVALS = 8
/** Reports merged before the measurement, so that the code is compiled; and intervals at least. */
const WARM_UP_REPORTS = 600
const WARM_UP_INTERVALS_MIN = 2
/** Fewer, since merging rows on the main thread takes seconds, and merging reports milliseconds. */
const ROW_INTERVALS = 3
const ROW_WARM_UP_INTERVALS = 1
const ENGINES = 64
const ROWS_PER_ENGINE = 1_000
/** Recorded before the measurement, so that the same number of bins is in use at every rate. */
const PREVIOUS_ROWS = { byRecords: OPERATIONS.length * ROW_COUNT, byEngines: 8_000 }

const ABOUT =
  'CPU of the main thread for one second of reports: every engine records on this thread and ' +
  'posts over its port, which is not timed; then the main thread takes and merges all of it.'
const COLUMNS = [{ name: 'ms', title: 'ms of main thread a second' }]

/** How the main thread's work grows with the number of rows. */
export const growthByRecordsCase: BenchmarkCase = {
  name: 'growth-by-records',
  title: 'Main thread against rows a second',
  about: `${ABOUT} ${ENGINES} engines; the number of rows a second over all of them grows.`,
  variants: [
    ...[6_400, 64_000, 640_000, 6_400_000, 64_000_000].map((rows) => point('moonmeter', rows)),
    ...[6_400, 64_000, 640_000].map((rows) => point('msgpack-rows', rows)),
  ],
  columns: COLUMNS,
  async run(variant: string): Promise<Measures> {
    const [peer = '', rows = ''] = variant.split(' ')
    const perEngine = Number(rows) / ENGINES
    return peer === 'moonmeter'
      ? timeReports(ENGINES, perEngine, PREVIOUS_ROWS.byRecords)
      : timeRows(peer, ENGINES, perEngine)
  },
}

/** How the main thread's work grows with the number of engines. */
export const growthByEnginesCase: BenchmarkCase = {
  name: 'growth-by-engines',
  title: 'Main thread against engines',
  about: `${ABOUT} ${ROWS_PER_ENGINE.toLocaleString('en')} rows an engine; the number of engines grows.`,
  variants: [
    ...[1, 10, 100, 300, 1_000].map((engines) => point('moonmeter', engines)),
    ...[1, 10, 100].map((engines) => point('msgpack-rows', engines)),
  ],
  columns: COLUMNS,
  async run(variant: string): Promise<Measures> {
    const [peer = '', engines = ''] = variant.split(' ')
    return peer === 'moonmeter'
      ? timeReports(Number(engines), ROWS_PER_ENGINE, PREVIOUS_ROWS.byEngines)
      : timeRows(peer, Number(engines), ROWS_PER_ENGINE)
  },
}

function point(peer: string, x: number) {
  return { name: `${peer} ${x}`, title: `${peer}, ${x.toLocaleString('en')}` }
}

async function timeReports(engines: number, rows: number, previousRows: number): Promise<Measures> {
  const aggregator = new EngineAggregator({ intervalMs: NEVER_MS })
  const columns = makeRows('mixed')
  const links = Array.from({ length: engines }, (_, engine) => aggregator.connect(engine))
  const recorders = links.map((link) => createRecorder(link))
  const headers = links.map(({ journal }) => new Int32Array(journal))
  const interval = async (count: number): Promise<number> => {
    for (const recorder of recorders) {
      for (const name of OPERATIONS) {
        recordRows(recorder.operation(name), columns, count / OPERATIONS.length)
      }
    }
    for (const recorder of recorders) recorder.report()
    const start = process.cpuUsage()
    // A port emits a bounded number of messages per turn of the event loop.
    while (headers.some(isUnread)) await nextTurn()
    return cpuMsSince(start)
  }
  await interval(previousRows)
  const warmUps = Math.max(WARM_UP_INTERVALS_MIN, WARM_UP_REPORTS / engines)
  for (let warmUp = 0; warmUp < warmUps; warmUp++) await interval(OPERATIONS.length * 10)
  const times: number[] = []
  for (let index = 0; index < INTERVALS; index++) {
    times.push(await interval(rows))
  }
  return { ms: median(times) }
}

/** CPU time of this process, which excludes the load of other processes. */
function cpuMsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / US_PER_MS
}

/** Whether a report waits on the port of the journal with this header. */
function isUnread(header: Int32Array): boolean {
  return header[HEADER.acknowledged] !== header[HEADER.sent]
}

async function timeRows(peer: string, engines: number, rows: number): Promise<Measures> {
  const session = await (await loadPeer(peer)).open()
  const columns = makeRows('mixed')
  const times: number[] = []
  for (let index = 0; index < ROW_INTERVALS; index++) {
    for (let engine = 0; engine < engines; engine++) {
      recordTwelveSeries(session, columns, rows)
      await session.report?.()
    }
    const start = process.cpuUsage()
    session.receive?.()
    times.push(cpuMsSince(start))
  }
  return { ms: median(times.slice(ROW_WARM_UP_INTERVALS)) }
}
