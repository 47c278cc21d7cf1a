import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { metricsHandler } from '../../src/index.js'
import type { BenchmarkCase, Measures, Scale } from '../harness/benchmark-case.js'
import { median } from '../harness/statistics.js'
import { BlockWatch } from '../workload/block-watch.js'
import { expose, makeFleet } from '../workload/make-fleet.js'

const SCRAPER = new URL('../workload/scraper.js', import.meta.url)
const SCRAPES = { quick: 2, full: 12 }
const WARM_UP_SCRAPES = 1
/** A server scrapes itself warm within minutes; here it is given as long as this. */
const WARM_UP_MS = 400
/** Between the engines' part, which a server does not have on its thread, and the scrape. */
const SETTLE_MS = 30

/** Scrapes over HTTP, and how long the server can do nothing else. */
export const scrapeHttpCase: BenchmarkCase = {
  name: 'scrape-http',
  title: 'Longest block of the event loop in a scrape over HTTP',
  about:
    '`metricsHandler` on a server of this process, scraped by another thread; a timer of 1 ms sees ' +
    'how long the loop was not free. Per process the median over scrapes, and the worst of them.',
  variants: [
    { name: 'moonmeter 1000', title: 'moonmeter, 1,000 engines', quick: true, heavy: true },
    { name: 'prom-client 1000', title: 'prom-client, 1,000 engines' },
  ],
  columns: [
    { name: 'blockMs', title: 'longest block, ms', relativeTo: ['moonmeter 1000'] },
    { name: 'worstBlockMs', title: 'worst, ms' },
    { name: 'responseMs', title: 'response, ms' },
  ],
  async run(variant: string, { quick }: Scale): Promise<Measures> {
    const [peer = '', size = ''] = variant.split(' ')
    const fleet = await makeFleet(peer, Number(size))
    fleet.advance()
    const warmAt = performance.now() + WARM_UP_MS
    while (performance.now() < warmAt) await expose(peer, fleet)
    const server = createServer(metricsHandler(fleet))
    const scraper = new Worker(SCRAPER, { workerData: { url: await listen(server) } })
    const watch = new BlockWatch()
    const blocks: number[] = []
    const responses: number[] = []
    const scrapes = WARM_UP_SCRAPES + (quick ? SCRAPES.quick : SCRAPES.full)
    for (let scrape = 0; scrape < scrapes; scrape++) {
      if (scrape > 0) fleet.advance()
      // What the engines' part left is no garbage of the server.
      globalThis.gc?.()
      await sleep(SETTLE_MS)
      watch.restart()
      scraper.postMessage('scrape')
      const [{ ms }] = (await once(scraper, 'message')) as [{ readonly ms: number }]
      await sleep(SETTLE_MS)
      if (scrape < WARM_UP_SCRAPES) continue
      blocks.push(watch.longestMs)
      responses.push(ms)
    }
    watch.stop()
    server.close()
    await scraper.terminate()
    return {
      blockMs: median(blocks),
      worstBlockMs: Math.max(...blocks),
      responseMs: median(responses),
    }
  },
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
}
