import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { aggregationOf } from '../../src/engine-aggregator.js'
import { EngineAggregator, listen } from '../../src/index.js'
import { Fleet } from '../../src/nats/fleet.js'
import { inGroups, runYielding } from '../../src/run-yielding.js'
import { median } from '../harness/statistics.js'
import { settle } from '../workload/make-fleet.js'
import type { ScrapeResult } from '../workload/scraper.js'
import { FleetReports } from './fleet-reports.js'
import { type PrometheusFigures, scrapeByPrometheus } from './prometheus-figures.js'

const SCRAPER = new URL('../workload/scraper.js', import.meta.url)
const PROTOBUF =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited'
const FORMATS = {
  text: { acceptEncoding: 'identity' },
  gzip: { acceptEncoding: 'gzip' },
  protobuf: { acceptEncoding: 'gzip', accept: PROTOBUF },
} as const
/** Series of an engine, and one more for `other`. */
const SERIES_PER_ENGINE = 13
/** No engine becomes silent, even in a long measurement. */
const SILENT_AFTER_MS = 2 ** 31
const RESPONSE_MS_MAX = 120_000
const STEPS = 3
/** The same number as in `watchBucket`. */
const ENTRIES_PER_STEP = 8
const US_PER_MS = 1e3
/** Where the processor time is behind the name of a program in `/proc`, and its unit. */
const UTIME = 11
const MS_PER_TICK = 10
/** How often Prometheus scrapes up to so many engines. */
const INTERVALS = [
  { enginesMax: 100, seconds: 5 },
  { enginesMax: 1_000, seconds: 30 },
  { enginesMax: Number.POSITIVE_INFINITY, seconds: 90 },
] as const

/** The cost of a scrape after reports of every engine. */
export interface ScrapeFigures {
  readonly firstMs: number
  readonly ms: number
  /** Processor time of the main thread. */
  readonly cpuMs: number
  readonly bytes: number
}

/** The cost of a number of engines. */
export interface ScaleFigures {
  readonly engines: number
  readonly native: boolean
  readonly reportBytes: number
  /** Processor time to ingest the entries of the bucket at the start of an aggregator. */
  readonly syncMs: number
  /** Processor time of a report of each engine. */
  readonly reportsMs: number
  /** Memory in the heap and outside of it. */
  readonly bytesPerEngine: number
  readonly residentBytes: number
  readonly scrapes: Readonly<Record<keyof typeof FORMATS, ScrapeFigures>>
  readonly prometheus: PrometheusFigures | undefined
}

// Measures one size in a process of its own: `measure.js ENGINES classic|native RESIDENT_MAX`.
const [engines = '', mode, residentMax] = process.argv.slice(2)
const figures = await measure(Number(engines), mode === 'native', Number(residentMax))
process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit())

async function measure(
  engines: number,
  native: boolean,
  residentBytesMax: number,
): Promise<ScaleFigures> {
  const reports = new FleetReports(engines)
  const aggregator = new EngineAggregator({
    modelName: 'llama-3-70b',
    enginesMax: engines,
    seriesTotalMax: engines * SERIES_PER_ENGINE,
    nativeHistograms: native,
    silentAfterMs: SILENT_AFTER_MS,
  })
  const fleet = new Fleet(aggregationOf(aggregator), Date.now)
  // So that the code is compiled, as in an aggregator after some seconds.
  const before = usedBytes()
  let entries = reports.next()
  const [first] = entries
  const reportBytes = first?.value?.length ?? 0
  const start = process.cpuUsage()
  await runYielding(inGroups(ENTRIES_PER_STEP, fleet.takeAll(entries)))
  const syncMs = cpuMsSince(start)
  const times: number[] = []
  const advance = () => {
    entries = reports.next()
    const start = process.cpuUsage()
    for (const entry of entries) fleet.take(entry)
    times.push(cpuMsSince(start))
    entries = []
  }
  for (let step = 0; step < STEPS; step++) advance()
  const bytesPerEngine = (usedBytes() - before) / engines
  const server = await listen(aggregator, { port: 0, responseTimeoutMs: RESPONSE_MS_MAX })
  const url = `${server.url}/metrics`
  const scrapes: Partial<Record<keyof typeof FORMATS, ScrapeFigures>> = {}
  for (const [name, headers] of Object.entries(FORMATS)) {
    scrapes[name as keyof typeof FORMATS] = await timeScrapes({ url, ...headers }, advance)
  }
  const residentBytes = process.memoryUsage.rss()
  const { seconds: intervalSeconds = 0 } =
    INTERVALS.find(({ enginesMax }) => engines <= enginesMax) ?? {}
  let looks = 0
  const onLook = () => {
    // So that the values of every scrape differ.
    if (++looks % intervalSeconds === 0) advance()
  }
  const plan = { intervalSeconds, native, residentBytesMax, onLook }
  return {
    engines,
    native,
    reportBytes,
    syncMs,
    reportsMs: median(times),
    bytesPerEngine,
    residentBytes,
    scrapes: scrapes as ScaleFigures['scrapes'],
    prometheus: residentBytesMax > 0 ? await scrapeByPrometheus(url, plan) : undefined,
  }
}

async function timeScrapes(workerData: object, advance: () => void): Promise<ScrapeFigures> {
  const scraper = new Worker(SCRAPER, { workerData })
  const all: (ScrapeResult & { readonly cpuMs: number })[] = []
  for (let step = 0; step < STEPS; step++) {
    if (step > 0) advance()
    globalThis.gc?.()
    await settle()
    const startMs = mainThreadMs()
    scraper.postMessage('scrape')
    const [result] = (await once(scraper, 'message')) as [ScrapeResult]
    all.push({ ...result, cpuMs: mainThreadMs() - startMs })
  }
  await scraper.terminate()
  const [first, ...others] = all
  return {
    firstMs: first?.ms ?? Number.NaN,
    ms: median(others.map(({ ms }) => ms)),
    cpuMs: median(others.map(({ cpuMs }) => cpuMs)),
    bytes: others.at(-1)?.bytes ?? Number.NaN,
  }
}

function cpuMsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / US_PER_MS
}

/** Processor time of the main thread, as Linux counts it: in steps of 10 ms. NaN elsewhere. */
function mainThreadMs(): number {
  try {
    const text = readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8')
    // The name of the program, in brackets, may have spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[UTIME]) + Number(fields[UTIME + 1])) * MS_PER_TICK
  } catch {
    return Number.NaN
  }
}

function usedBytes(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
