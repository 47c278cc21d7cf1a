import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { STORE_METRICS } from '../../src/catalogue.js'
import { EngineAggregator, type EngineLink } from '../../src/index.js'
import { loadOfficialClient } from '../peers/official-client.js'
import { rowsPerSeries, TWELVE_SERIES } from './fleet-step.js'
import type { ScrapedThreadData, ScrapedThreadTask } from './scraped-thread.js'
import { OPERATIONS } from './twelve-series.js'

const THREAD = new URL('./scraped-thread.js', import.meta.url)
const SERIES = OPERATIONS.length * TWELVE_SERIES.length
const POLL_MS = 5
const ROW_COUNTS = new RegExp(`^${STORE_METRICS.operations.name}\\{.*\\} (\\S+)$`, 'gm')

/** The main thread's side of a peer. */
interface Scraped {
  /** The link of an engine's thread, if the peer has one. */
  link(engine: number): EngineLink | undefined
  /** Resolves as soon as all threads are known. */
  ready(threads: number): Promise<void>
  /** The rows that the threads recorded are now older than a report interval. */
  pass(): void
  /** The exposition of all threads. */
  scrape(): Promise<string>
}

/** Threads of twelve series each that record, and one exposition of all of them. */
export class ScrapedThreads {
  readonly #scraped: Scraped
  readonly #workers: readonly Worker[]
  readonly #blocked = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  #recorded = 0

  private constructor(scraped: Scraped, threads: number) {
    this.#scraped = scraped
    this.#workers = Array.from({ length: threads }, (_, engine) => {
      const link = scraped.link(engine)
      const workerData: ScrapedThreadData = { engine, link, blocked: this.#blocked }
      return new Worker(THREAD, { workerData, transferList: [...(link?.transferList ?? [])] })
    })
  }

  /** Threads of moonmeter, or of the official client's `WorkerRegistry`. */
  static async open(peer: string, threads: number): Promise<ScrapedThreads> {
    const scraped = peer === 'moonmeter' ? scrapedAggregator() : scrapedRegistry()
    const opened = new ScrapedThreads(scraped, threads)
    await Promise.all(opened.#workers.map((worker) => once(worker, 'message')))
    await scraped.ready(threads)
    return opened
  }

  /** Records more rows in every series of every thread. */
  async advance(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => ask(worker, 'advance')))
    for (const engine of this.#workers.keys()) this.#recorded += SERIES * rowsPerSeries(engine)
    this.#scraped.pass()
  }

  /** The exposition of all threads. */
  scrape(): Promise<string> {
    return this.#scraped.scrape()
  }

  /** The rows in an exposition, in percent of those recorded. */
  percentOf(exposition: string): number {
    let rows = 0
    for (const [, count] of exposition.matchAll(ROW_COUNTS)) rows += Number(count)
    return (100 * rows) / this.#recorded
  }

  /** Block the event loop of a thread, for 8 s at most. */
  async block(thread: number): Promise<void> {
    Atomics.store(this.#blocked, 0, 1)
    await ask(this.#workers[thread], 'block')
  }

  /** End the block. */
  unblock(): void {
    Atomics.store(this.#blocked, 0, 0)
  }

  /** Terminate a thread without notice. */
  async terminate(thread: number): Promise<void> {
    await this.#workers[thread]?.terminate()
  }
}

async function ask(worker: Worker | undefined, task: ScrapedThreadTask): Promise<void> {
  if (worker === undefined) return
  worker.postMessage(task)
  await once(worker, 'message')
}

/**
 * An aggregator that finds every engine silent at each scrape, so each scrape reads all journals.
 */
function scrapedAggregator(): Scraped {
  const intervalMs = 1_000
  let lateMs = 0
  const monotonicNow = () => performance.now() + lateMs
  const aggregator = new EngineAggregator({ modelName: 'bench', intervalMs, monotonicNow })
  return {
    link: (engine) => aggregator.connect(engine),
    ready: async () => {},
    pass: () => {
      lateMs += intervalMs
    },
    scrape: () => aggregator.registry.metrics(),
  }
}

function scrapedRegistry(): Scraped {
  const { WorkerRegistry } = loadOfficialClient()
  const registry = new WorkerRegistry()
  return {
    link: () => undefined,
    ready: async (threads) => {
      while (WorkerRegistry.workerCount() < threads) await sleep(POLL_MS)
    },
    pass: () => {},
    scrape: () => registry.workerMetrics(),
  }
}
