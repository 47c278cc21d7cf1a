import type { BenchmarkCase, Measures } from '../harness/benchmark-case.js'
import { officialClientNode } from '../harness/official-client-node.js'
import { mean } from '../harness/statistics.js'
import { CallTimes } from '../harness/timing.js'
import { OFFICIAL_CLIENT } from '../peers/official-client.js'
import { PromFleet } from '../workload/fleet.js'
import { TWELVE_SERIES } from '../workload/fleet-step.js'
import { assertSameExposition } from '../workload/make-fleet.js'
import { ScrapedThreads } from '../workload/scraped-threads.js'

const THREADS = 8
const WARM_UP_SCRAPES = 60
const SCRAPES = 200
const US_PER_MS = 1e3
/** The message with which `workerMetrics()` rejects; the case fails for any other message. */
const TIMED_OUT = 'Operation timed out. 1 outstanding responses.'

/** The end of a scrape. */
interface Outcome {
  readonly ms: number
  /** Rows in the exposition, in percent of those recorded; 0 for an error. */
  readonly rowsPercent: number
}

/** The official client's registry of worker threads, which collects from them at each scrape. */
export const workerRegistryCase: BenchmarkCase = {
  name: 'worker-registry',
  title: "A scrape of 8 worker threads, beside the official client's WorkerRegistry",
  about:
    `${THREADS} threads with 12 series each, all of which have new rows before each scrape, on ` +
    `Node 24: \`workerMetrics()\` of \`${OFFICIAL_CLIENT}\`, and \`registry.metrics()\` of ` +
    'moonmeter, which here reads all journals, as it does when no engine has reported for an ' +
    'interval. The samples of the first scrape are compared. Then one scrape while the event loop ' +
    'of one thread is blocked, and two after another thread was terminated: the time until the ' +
    'answer or the error, and the rows in the answer. `workerMetrics()` waits 5 s and rejects with ' +
    `"${TIMED_OUT}"; a thread that is not terminated but calls \`shutdown()\` stays counted there.`,
  variants: [
    { name: 'moonmeter', title: 'moonmeter' },
    { name: 'official', title: `${OFFICIAL_CLIENT}, WorkerRegistry` },
  ],
  columns: [
    { name: 'ms', title: 'ms a scrape', relativeTo: ['moonmeter'] },
    { name: 'blockedMs', title: 'ms, one thread blocked' },
    { name: 'blockedRows', title: '% of the rows' },
    { name: 'terminatedMs', title: 'ms, one thread terminated' },
    { name: 'terminatedRows', title: '% of the rows' },
  ],
  runtime: officialClientNode,
  async run(variant: string): Promise<Measures> {
    const threads = await ScrapedThreads.open(variant, THREADS)
    await verify(threads)
    let times = new CallTimes()
    for (let scrape = 0; scrape < WARM_UP_SCRAPES + SCRAPES; scrape++) {
      if (scrape === WARM_UP_SCRAPES) times = new CallTimes()
      await threads.advance()
      await times.timeAsync(() => threads.scrape())
    }
    await threads.advance()
    await threads.block(0)
    const blocked = await outcomeOf(threads)
    threads.unblock()
    await threads.advance()
    await threads.terminate(1)
    const terminated = [await outcomeOf(threads), await outcomeOf(threads)]
    return {
      ms: times.medianUs / US_PER_MS,
      blockedMs: blocked.ms,
      blockedRows: blocked.rowsPercent,
      terminatedMs: mean(terminated.map(({ ms }) => ms)),
      terminatedRows: mean(terminated.map(({ rowsPercent }) => rowsPercent)),
    }
  },
}

async function verify(threads: ScrapedThreads): Promise<void> {
  const expected = new PromFleet(THREADS, undefined, TWELVE_SERIES)
  expected.advance()
  await threads.advance()
  assertSameExposition(await threads.scrape(), await expected.registry.metrics())
}

async function outcomeOf(threads: ScrapedThreads): Promise<Outcome> {
  const start = performance.now()
  try {
    const exposition = await threads.scrape()
    return { ms: performance.now() - start, rowsPercent: threads.percentOf(exposition) }
  } catch (error) {
    const ms = performance.now() - start
    if ((error as Error).message !== TIMED_OUT) throw error
    return { ms, rowsPercent: 0 }
  }
}
