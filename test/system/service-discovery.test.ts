import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { servedUrl, startCommand, temporaryDirectory } from '../support/processes/command.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { PROMETHEUS_SKIP, startPrometheus } from '../support/processes/prometheus.js'
import { waitUntil } from '../support/processes/wait-until.js'

const TOKEN = 'of the metrics'
/** Longer than the time between two reports on a busy machine. */
const SILENT_SECONDS = 8
/** Prometheus applies changes of a list every 5 s. */
const DISCOVERED_MS_MAX = 60_000
const LIFE_MS_MAX = 200_000

/** Starts engines that report to a fleet and serve their metrics, as an instance. */
function startHost(context: TestContext, nats: string, instance: string) {
  const arguments_ = ['simulate', '--duration', '0', '--engines', '1', '--listen', '127.0.0.1:0']
  return startCommand(context, [...arguments_, '--nats', nats, '--instance', instance], {
    lifeMsMax: LIFE_MS_MAX,
  })
}

test('Prometheus scrapes the instances that are up, and no others, by the list of an aggregator', {
  skip: NATS_SKIP || PROMETHEUS_SKIP,
}, async (context) => {
  const directory = temporaryDirectory(context)
  const token = join(directory, 'token')
  writeFileSync(token, TOKEN)
  const server = await NatsServer.start(context)
  const serve = ['serve', '--nats', server.url, '--listen', '127.0.0.1:0']
  const silence = ['--silent-after', `${SILENT_SECONDS}`]
  const aggregator = startCommand(context, [...serve, ...silence, '--bearer-token-file', token], {
    lifeMsMax: LIFE_MS_MAX,
  })
  const [a, b] = ['host-a', 'host b:2'].map((instance) => startHost(context, server.url, instance))
  const discovery = {
    url: `${await servedUrl(aggregator)}/sd`,
    refresh_interval: '1s',
    // Prometheus 2.42 omits an unknown type.
    authorization: { type: 'Bearer', credentials_file: token },
  }
  const { targets, query, metrics } = await startPrometheus(context, {
    directory,
    jobs: {},
    config: { scrape_configs: [{ job_name: 'hosts', http_sd_configs: [discovery] }] },
  })
  const both = ['host b:2', 'host-a']
  /** The scraped instances, also those that do not answer in time. */
  const scraped = async () => (await targets()).map(({ labels }) => labels.instance).sort()
  const isScraped = (expected: readonly string[]) => async () => {
    return JSON.stringify(await scraped()) === JSON.stringify(expected)
  }
  await waitUntil('both', isScraped(both), DISCOVERED_MS_MAX)
  // Series of a host have no label `instance`, so they get that of the target.
  await waitUntil(
    'rows of both',
    async () => {
      const rows = await query('count by (job, instance) (moonmeter_engine_records_total > 0)')
      const found = rows.map(({ metric }) => `${metric.job} ${metric.instance}`).sort()
      return JSON.stringify(found) === JSON.stringify(['hosts host b:2', 'hosts host-a'])
    },
    DISCOVERED_MS_MAX,
  )
  // An instance that ends by a signal sends final reports; the other one is silent after some
  // seconds.
  a?.kill('SIGTERM')
  b?.kill('SIGKILL')
  await Promise.all([a?.end(), b?.end()])
  await waitUntil('none', isScraped([]), DISCOVERED_MS_MAX)
  for (const instance of ['host-a', 'host b:2']) startHost(context, server.url, instance)
  await waitUntil('both again', isScraped(both), DISCOVERED_MS_MAX)
  // Without the bucket, the list is unknown, and Prometheus keeps its previous list.
  await server.kill()
  const failures = async () =>
    Number(/^prometheus_sd_http_failures_total (\d+)$/m.exec(await metrics())?.[1])
  const before = await failures()
  await waitUntil('no list', async () => (await failures()) > before, DISCOVERED_MS_MAX)
  assert.deepEqual(await scraped(), both)
})
