import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { EngineAggregator } from '../../src/index.js'
import type { BenchmarkCase, Measures, Scale } from '../harness/benchmark-case.js'

const THREAD = new URL('../workload/recording-thread.js', import.meta.url)
const ENGINES = 64
/** The first reports arrive before the code is compiled. */
const WARM_UP_MS = { quick: 1_100, full: 3_500 }
/** Whole intervals, so that every engine reports equally often in it. */
const WINDOW_MS = { quick: 2_000, full: 10_000 }
const MS_PER_SECOND = 1e3

/** Many engines at full speed, and the load of the main thread. */
export const endToEndCase: BenchmarkCase = {
  name: 'end-to-end',
  title: '64 engines at full recording speed',
  about:
    '64 engines with 12 series each record as fast as one core goes, in one thread, and report ' +
    'every second; the utilization of the main thread, which is on the other core, as ' +
    '`performance.eventLoopUtilization` measures it. Once more with a scrape every second.',
  variants: [
    { name: 'reports', title: 'reports alone', quick: true },
    { name: 'scraped', title: 'and a scrape every second' },
  ],
  columns: [
    { name: 'busyPercent', title: 'main thread busy, %' },
    { name: 'reportsPerSecond', title: 'reports a second' },
    { name: 'millionRowsPerSecond', title: 'million rows a second' },
  ],
  async run(variant: string, { quick }: Scale): Promise<Measures> {
    const aggregator = new EngineAggregator()
    const links = Array.from({ length: ENGINES }, (_, engine) => aggregator.connect(engine))
    const transferList = links.flatMap((link) => link.transferList)
    const thread = new Worker(THREAD, { workerData: { links }, transferList })
    await once(thread, 'message')
    const scrapes = variant === 'scraped' ? scrapeEverySecond(aggregator) : undefined
    await sleep(quick ? WARM_UP_MS.quick : WARM_UP_MS.full)
    const [reportsBefore, rowsBefore] = await progress(aggregator)
    const before = performance.eventLoopUtilization()
    const start = performance.now()
    await sleep(quick ? WINDOW_MS.quick : WINDOW_MS.full)
    const { utilization } = performance.eventLoopUtilization(before)
    const seconds = (performance.now() - start) / MS_PER_SECOND
    const [reports, rows] = await progress(aggregator)
    clearInterval(scrapes)
    thread.postMessage('stop')
    const [recorded] = await once(thread, 'message')
    await aggregator.close()
    if (aggregator.stats().rows !== recorded) throw new Error('end-to-end: rows were lost')
    return {
      busyPercent: 100 * utilization,
      reportsPerSecond: (reports - reportsBefore) / seconds,
      millionRowsPerSecond: (rows - rowsBefore) / seconds / 1e6,
    }
  },
}

function scrapeEverySecond(aggregator: EngineAggregator): NodeJS.Timeout {
  return setInterval(() => void aggregator.registry.metrics(), MS_PER_SECOND)
}

async function progress(aggregator: EngineAggregator): Promise<[reports: number, rows: number]> {
  const text = await aggregator.registry.metrics()
  const sum = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}\\{.*\\} (\\S+)$`, 'gm'))].reduce(
      (total, [, value]) => total + Number(value),
      0,
    )
  return [sum('moonmeter_engine_reports_total'), sum('moonmeter_engine_records_total')]
}
