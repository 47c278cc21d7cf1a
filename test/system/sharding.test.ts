import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import {
  EngineAggregator,
  metricsHandler,
  type ScrapeTarget,
  serviceDiscoveryHandler,
} from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { ruleFile } from '../../src/rules/rule-file.js'
import { temporaryDirectory } from '../support/processes/command.js'
import {
  PROMETHEUS_SKIP,
  type Prometheus,
  type PrometheusConfig,
  type PrometheusOptions,
  startPrometheus,
} from '../support/processes/prometheus.js'
import { serve } from '../support/processes/servers.js'
import { waitUntil } from '../support/processes/wait-until.js'

const GUIDE = readFileSync(new URL('../../../src/nats/SCALE.md', import.meta.url), 'utf8')
const CONFIG = /<!-- config: (\S+) -->\n```yaml\n(.*?)```/gs
const HOSTS = 6
const ENGINES_PER_HOST = 2
const RECORD_MS = 50
const SHARDS = ['0', '1']
const OF_ENGINES = 'count({engine!=""} or {__name__=~"vllm:.+"})'
/** Prometheus applies changes of a list every 5 s. */
const WAIT_MS_MAX = 60_000

/** A configuration of the guide with replaced addresses. */
function configOf(name: string, addresses: Readonly<Record<string, string>>): PrometheusConfig {
  const [, , text = ''] = [...GUIDE.matchAll(CONFIG)].find(([, found]) => found === name) ?? []
  const replaced = Object.entries(addresses).reduce((result, [from, to]) => {
    assert.ok(result.includes(from), `${name}: ${from}`)
    return result.replaceAll(from, to)
  }, text)
  return parse(replaced)
}

/** Serves the metrics of recording engines, as a separate host. */
async function startHost(context: TestContext, instance: string): Promise<ScrapeTarget> {
  const aggregator = new EngineAggregator()
  context.after(() => aggregator.close())
  for (let engine = 0; engine < ENGINES_PER_HOST; engine++) {
    const recorder = createRecorder(aggregator.connect(engine))
    const timer = setInterval(() => recorder.record('load_get', 0.02, 1), RECORD_MS)
    context.after(() => clearInterval(timer))
  }
  const url = await serve(context, metricsHandler(aggregator))
  return { instance, url: `${url}/metrics` }
}

async function scrapedBy({ targets }: Prometheus): Promise<string[]> {
  return (await targets()).map(({ labels }) => labels.instance ?? '')
}

test('two shards scrape each host once, and one Prometheus gets the sums of both', {
  skip: PROMETHEUS_SKIP,
}, async (context) => {
  const names = Array.from({ length: HOSTS }, (_, index) => `host-${index}`)
  const targets = await Promise.all(names.map((name) => startHost(context, name)))
  const discovery = await serve(context, serviceDiscoveryHandler({ targets }))
  const sd = { 'http://aggregator-1:9464/sd': `${discovery}/sd` }
  const start = (options: Pick<PrometheusOptions, 'config' | 'rules' | 'args'>) => {
    return startPrometheus(context, {
      directory: temporaryDirectory(context),
      jobs: {},
      ...options,
    })
  }
  const rules = ruleFile({ windowSeconds: 4, rollUp: true })
  const first = await start({ rules, config: configOf('shard', sd) })
  // It federates the first shard, and the second one writes to it.
  const { url, query } = await start({
    config: configOf('federation', {
      'prometheus-0:9090': new URL(first.url).host,
      "'prometheus-1:9090'": '',
    }),
    args: ['--web.enable-remote-write-receiver'],
  })
  const second = await start({
    rules,
    config: {
      ...configOf('shard', { ...sd, "'0'": "'1'" }),
      ...configOf('remote-write', { 'http://prometheus-fleet:9090': url }),
    },
  })
  await waitUntil(
    'every host',
    async () => {
      const [left, right] = [await scrapedBy(first), await scrapedBy(second)]
      return left.length > 0 && right.length > 0 && left.length + right.length === HOSTS
    },
    WAIT_MS_MAX,
  )
  const scraped = [await scrapedBy(first), await scrapedBy(second)]
  assert.deepEqual(scraped.flat().sort(), names)
  const openByShard = async () => {
    const samples = await query('job:moonmeter_engine_open:sum')
    return Object.fromEntries(samples.map(({ metric, value }) => [metric.shard, value[1]]))
  }
  const expected = SHARDS.map((shard, index) => [
    shard,
    String((scraped[index]?.length ?? 0) * ENGINES_PER_HOST),
  ])
  await waitUntil(
    'the sums of both shards',
    async () => {
      return JSON.stringify(await openByShard()) === JSON.stringify(Object.fromEntries(expected))
    },
    WAIT_MS_MAX,
  )
  await waitUntil(
    'calls of both shards',
    async () => {
      const calls = await query('job_operation:vllm_mooncake_store_operation:rate4s > 0')
      return calls.length === SHARDS.length
    },
    WAIT_MS_MAX,
  )
  // It has no series of single engines, so its size does not depend on their number.
  assert.deepEqual(await query(OF_ENGINES), [])
  assert.equal((await second.query(OF_ENGINES)).length, 1)
})
