import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { metricsHandler } from '../../src/index.js'
import type { BenchmarkCase, Measures, Scale } from '../harness/benchmark-case.js'
import { median } from '../harness/statistics.js'
import { BlockWatch } from '../workload/block-watch.js'
import { ConnectedFleet } from '../workload/connected-fleet.js'
import { PromFleet } from '../workload/fleet.js'
import { TWELVE_SERIES } from '../workload/fleet-step.js'
import { assertSameExposition, discard, expose, makeFleet, textOf } from '../workload/make-fleet.js'
import type { ScrapeResult } from '../workload/scraper.js'

const BYTES_PER_MB = 1e6
const SCRAPER = new URL('../workload/scraper.js', import.meta.url)
const SCRAPES = { quick: 2, full: 12 }
const WARM_UP_SCRAPES = 1
/** Scrapes before the measurement, so that the code is compiled, as in a server after minutes. */
const WARM_UP_MS = 600
/** Between the work of the engines, which is on other threads in a server, and the scrape. */
const SETTLE_MS = 30
/** Fleets are compared at this size before they are timed. */
const VERIFIED_ENGINES = 3

/** Scrapes over HTTP, and how long they block the event loop of the server. */
export const scrapeHttpCase: BenchmarkCase = {
  name: 'scrape-http',
  title: 'Longest block of the event loop in a scrape over HTTP',
  about:
    '`metricsHandler` on a server of this process, scraped by another thread; a timer of 1 ms shows ' +
    'how long the event loop did not turn. Per process the median over scrapes, and the longest of ' +
    'them. The silent engines (4 operations × 3 statuses) have not reported for an interval, so ' +
    'the scrape reads their journals, each of which has new rows in every series.',
  variants: [
    { name: 'moonmeter 1000', title: 'moonmeter, 1,000 engines', quick: true },
    { name: 'moonmeter-gzip 1000', title: 'moonmeter, 1,000 engines, gzip', quick: true },
    {
      name: 'moonmeter-silent 200',
      title: 'moonmeter, 200 silent engines',
      quick: true,
    },
    { name: 'prom-client 1000', title: 'prom-client, 1,000 engines' },
  ],
  columns: [
    { name: 'blockMs', title: 'longest block, ms', relativeTo: ['moonmeter 1000'] },
    { name: 'worstBlockMs', title: 'the longest of all, ms' },
    { name: 'responseMs', title: 'response, ms' },
    { name: 'responseMb', title: 'response, MB' },
  ],
  async run(variant: string, { quick }: Scale): Promise<Measures> {
    const [peer = '', size = ''] = variant.split(' ')
    if (peer === 'moonmeter-silent') await verifySilent(peer)
    const fleet = await makeFleet(peer, Number(size))
    const warmAt = performance.now() + WARM_UP_MS
    while (performance.now() < warmAt) {
      fleet.advance()
      discard(await expose(peer, fleet))
    }
    const server = createServer(metricsHandler(fleet))
    const acceptEncoding = peer === 'moonmeter-gzip' ? 'gzip' : 'identity'
    const workerData = { url: await listen(server), acceptEncoding }
    const scraper = new Worker(SCRAPER, { workerData })
    const watch = new BlockWatch()
    const blocks: number[] = []
    const responses: number[] = []
    let responseBytes = 0
    const scrapes = WARM_UP_SCRAPES + (quick ? SCRAPES.quick : SCRAPES.full)
    for (let scrape = 0; scrape < scrapes; scrape++) {
      if (scrape > 0) fleet.advance()
      // The garbage of the engines' work is not collected during the scrape.
      globalThis.gc?.()
      await sleep(SETTLE_MS)
      watch.restart()
      scraper.postMessage('scrape')
      const [{ ms, bytes }] = (await once(scraper, 'message')) as [ScrapeResult]
      await sleep(SETTLE_MS)
      if (scrape < WARM_UP_SCRAPES) continue
      blocks.push(watch.longestMs)
      responses.push(ms)
      responseBytes = bytes
    }
    watch.stop()
    server.close()
    await scraper.terminate()
    return {
      blockMs: median(blocks),
      worstBlockMs: Math.max(...blocks),
      responseMs: median(responses),
      responseMb: responseBytes / BYTES_PER_MB,
    }
  },
}

/** Silent engines against prom-client; the other fleets are compared in the case `scrape`. */
async function verifySilent(peer: string): Promise<void> {
  const fleet = await ConnectedFleet.open(VERIFIED_ENGINES)
  const expected = new PromFleet(VERIFIED_ENGINES, undefined, TWELVE_SERIES)
  for (let step = 0; step < fleet.steps; step++) expected.advance()
  // The rows of this step are only in the journals.
  for (const each of [fleet, expected]) each.advance()
  assertSameExposition(textOf(await expose(peer, fleet)), textOf(await expose('', expected)))
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
}
