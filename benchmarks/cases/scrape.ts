import type { BenchmarkCase, Measures, Scale } from '../harness/benchmark-case.js'
import { CallTimes } from '../harness/timing.js'
import {
  assertSameExposition,
  discard,
  expose,
  makeFleet,
  settle,
  textOf,
} from '../workload/make-fleet.js'

/** Fleets are compared at this size before they are timed. */
const VERIFIED_ENGINES = 3
const US_PER_MS = 1e3
/**
 * Scrapes of few engines are short, so there are more of them. Of the long ones a quick run needs
 * enough that one major garbage collection does not move the median.
 */
const SCRAPES = { few: { quick: 100, full: 600 }, many: { quick: 5, full: 8 } }
/** Some ten scrapes, after which the code is compiled, as in a server that has run for minutes. */
const WARM_UP_MS = 2_000
const FEW_ENGINES = 8

/** The text of all engines' metrics. */
export const scrapeCase: BenchmarkCase = {
  name: 'scrape',
  title: 'Expose everything',
  about:
    'Engines of 4 operations × 2 statuses, every series of which counted more rows since the last ' +
    'scrape, so that only names can be reused; median of several scrapes after a warm-up. ' +
    '`moonmeter` is the bytes that `metricsHandler` sends; the others are the string that ' +
    '`registry.metrics()` returns, still to be encoded. 1,000 engines are 176,000 lines of the ' +
    "store's metrics; moonmeter's text has lines of its own too.",
  variants: [
    { name: 'moonmeter 8', title: 'moonmeter, 8 engines', quick: true },
    { name: 'moonmeter-registry 8', title: 'moonmeter, `registry.metrics()`, 8 engines' },
    { name: 'prom-client 8', title: 'prom-client, 8 engines' },
    { name: 'platformatic 8', title: '@platformatic/prom-client, 8 engines' },
    { name: 'moonmeter 1000', title: 'moonmeter, 1,000 engines', quick: true },
    {
      name: 'moonmeter-registry 1000',
      title: 'moonmeter, `registry.metrics()`, 1,000 engines',
      quick: true,
    },
    { name: 'prom-client 1000', title: 'prom-client, 1,000 engines', quick: true },
    { name: 'platformatic 1000', title: '@platformatic/prom-client, 1,000 engines' },
  ],
  columns: [
    { name: 'ms', title: 'ms', relativeTo: ['moonmeter 1000'] },
    { name: 'firstMs', title: 'ms, the first' },
    { name: 'lines', title: 'lines' },
    { name: 'megabytes', title: 'MB' },
  ],
  async run(variant: string, { quick }: Scale): Promise<Measures> {
    const [peer = '', size = ''] = variant.split(' ')
    await verify(peer)
    const engines = Number(size)
    const fleet = await makeFleet(peer, engines)
    const scrapes = engines <= FEW_ENGINES ? SCRAPES.few : SCRAPES.many
    fleet.advance()
    const first = new CallTimes()
    await first.timeAsync(() => expose(peer, fleet))
    const warmAt = performance.now() + WARM_UP_MS
    while (performance.now() < warmAt) {
      fleet.advance()
      discard(await expose(peer, fleet))
    }
    const times = new CallTimes()
    let exposition: string | Uint8Array[] = ''
    for (let scrape = 0; scrape < (quick ? scrapes.quick : scrapes.full); scrape++) {
      discard(exposition)
      fleet.advance()
      await settle()
      await times.timeAsync(async () => {
        exposition = await expose(peer, fleet)
      })
    }
    const text = textOf(exposition)
    return {
      ms: times.medianUs / US_PER_MS,
      firstMs: first.medianUs / US_PER_MS,
      lines: text.split('\n').filter((line) => !line.startsWith('#')).length,
      megabytes: text.length / 1e6,
    }
  },
}

async function verify(peer: string): Promise<void> {
  if (peer === 'prom-client') return
  const [ours = '', theirs = ''] = await Promise.all(
    [peer, 'prom-client'].map(async (name) => {
      const fleet = await makeFleet(name, VERIFIED_ENGINES)
      fleet.advance()
      return textOf(await expose(name, fleet))
    }),
  )
  assertSameExposition(ours, theirs)
}
