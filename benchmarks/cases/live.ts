import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { dashboardHandler } from '../../src/dashboard/index.js'
import { encodeUpdate } from '../../src/dashboard/live-stream.js'
import { liveSourceOf } from '../../src/engine-aggregator.js'
import { metricsHandler } from '../../src/index.js'
import { LiveFeed } from '../../src/live/live-feed.js'
import { SeriesReader } from '../../src/live/live-interval.js'
import type { BenchmarkCase, Measures, Scale } from '../harness/benchmark-case.js'
import { median } from '../harness/statistics.js'
import { CallTimes } from '../harness/timing.js'
import { MoonmeterFleet } from '../workload/fleet.js'
import type { ScrapeResult } from '../workload/scraper.js'

const SCRAPER = new URL('../workload/scraper.js', import.meta.url)
const READERS = new URL('../workload/stream-readers.js', import.meta.url)
const PAGES = 50
const WARM_UP_UPDATES = 40
const UPDATES = { quick: 20, full: 100 }
const WARM_UP_SCRAPES = 10
const SCRAPES = { quick: 20, full: 60 }
/** No timer of a feed ends within a benchmark. */
const UPDATE_MS = 2 ** 31 - 1
const US_PER_MS = 1e3
/** Scrapes come at all moments of the second between two updates. */
const BETWEEN_SCRAPES_MS = { min: 30, more: 60 }

/** The cost of a live page for the server. */
export const liveCase: BenchmarkCase = {
  name: 'live',
  title: 'The live page of 256 engines',
  about:
    'An update is a snapshot, the interval since the one before, and its event as text, made once a ' +
    'second for all pages together; every series of every engine has new rows, and their number is ' +
    'compared. Then the time of scrapes over HTTP beside 50 open pages, divided by that of scrapes ' +
    'without any, in the same process. Medians of many.',
  variants: [
    { name: 'update 256', title: 'an update', quick: true },
    { name: 'pages 256', title: 'scrapes beside 50 pages', quick: true },
  ],
  columns: [
    { name: 'updateMs', title: 'ms an update' },
    { name: 'updateKb', title: 'kB an update' },
    { name: 'aloneMs', title: 'ms a scrape' },
    { name: 'besideMs', title: 'ms a scrape beside 50 pages' },
    { name: 'besidePages', title: '÷ without pages' },
  ],
  async run(variant: string, { quick }: Scale): Promise<Measures> {
    const [what = '', size = ''] = variant.split(' ')
    const fleet = new MoonmeterFleet(Number(size))
    fleet.advance()
    if (what === 'update') return measureUpdates(fleet, quick ? UPDATES.quick : UPDATES.full)
    return measureScrapes(fleet, quick ? SCRAPES.quick : SCRAPES.full)
  },
}

async function measureUpdates(fleet: MoonmeterFleet, updates: number): Promise<Measures> {
  const feed = new LiveFeed(liveSourceOf(fleet.aggregator), { updateMs: UPDATE_MS })
  await feed.update()
  let times = new CallTimes()
  let bytes = 0
  let before = fleet.aggregator.snapshot().rows
  for (let update = 0; update < WARM_UP_UPDATES + updates; update++) {
    if (update === WARM_UP_UPDATES) times = new CallTimes()
    fleet.advance()
    await times.timeAsync(async () => {
      await feed.update()
      const { latest } = feed
      if (latest !== undefined) bytes = encodeUpdate(feed, latest).length
    })
    const { rows } = fleet.aggregator.snapshot()
    if (rowsOf(feed) !== rows - before) {
      throw new Error(`live: expected an update of ${rows - before} rows, got ${rowsOf(feed)}`)
    }
    before = rows
  }
  feed.close()
  return { updateMs: times.medianUs / US_PER_MS, updateKb: bytes / 1e3 }
}

function rowsOf({ latest }: LiveFeed): number {
  if (latest?.interval === undefined) return 0
  const reader = new SeriesReader(latest.interval)
  let rows = 0
  while (reader.next()) rows += reader.rows
  return rows
}

async function measureScrapes(fleet: MoonmeterFleet, scrapes: number): Promise<Measures> {
  const metrics = metricsHandler(fleet.aggregator)
  const page = dashboardHandler(fleet.aggregator)
  const server = createServer((request, response) =>
    metrics(request, response, () => page(request, response)),
  )
  const url = await listen(server)
  const workerData = { url: `${url}/metrics`, acceptEncoding: 'identity' }
  const scraper = new Worker(SCRAPER, { workerData })
  await timeScrapes(fleet, scraper, WARM_UP_SCRAPES)
  const aloneMs = await timeScrapes(fleet, scraper, scrapes)
  const readers = new Worker(READERS, { workerData: { url: `${url}/live`, streams: PAGES } })
  await once(readers, 'message')
  await timeScrapes(fleet, scraper, WARM_UP_SCRAPES)
  const besideMs = await timeScrapes(fleet, scraper, scrapes)
  await Promise.all([scraper.terminate(), readers.terminate()])
  server.close()
  server.closeAllConnections()
  await fleet.aggregator.close()
  return { aloneMs, besideMs, besidePages: besideMs / aloneMs }
}

async function timeScrapes(
  fleet: MoonmeterFleet,
  scraper: Worker,
  scrapes: number,
): Promise<number> {
  const times: number[] = []
  for (let scrape = 0; scrape < scrapes; scrape++) {
    fleet.advance()
    const { min, more } = BETWEEN_SCRAPES_MS
    await sleep(min + (scrape % 2) * more)
    scraper.postMessage('scrape')
    const [{ ms }] = (await once(scraper, 'message')) as [ScrapeResult]
    times.push(ms)
  }
  return median(times)
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
