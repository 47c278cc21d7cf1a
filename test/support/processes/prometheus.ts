import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Child } from './child.js'
import { freePort } from './free-port.js'
import { isOnPath } from './on-path.js'

const MISSING = ['prometheus', 'promtool'].filter((name) => !isOnPath(name))
/** Where everything was installed for the tests, what is absent is a failure. */
export const PROMETHEUS_SKIP =
  MISSING.length > 0 && process.env.CI !== 'true'
    ? `${MISSING.join(' and ')} not found; apt-get install prometheus`
    : false

/** What the HTTP API answers, as far as it is asked here. */
interface Answer {
  readonly status: string
  readonly error?: string
  readonly data: {
    readonly result: readonly Instant[]
    readonly activeTargets: readonly ActiveTarget[]
  }
}

export interface Instant {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

interface ActiveTarget {
  readonly health: string
  readonly lastError: string
  readonly labels: Readonly<Record<string, string>>
}

/** A Prometheus server of a test. */
export interface Prometheus {
  readonly targets: () => Promise<readonly ActiveTarget[]>
  /** The samples of an instant query. */
  readonly query: (expression: string) => Promise<readonly Instant[]>
  /** What it logged so far, by line. */
  readonly log: () => string[]
}

/** What a Prometheus server scrapes and how. */
export interface PrometheusOptions {
  /** A directory of its own. */
  readonly directory: string
  /** Per job the URL that it scrapes. */
  readonly jobs: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

/** Starts a Prometheus server that scrapes the targets once a second. */
export async function startPrometheus(
  context: TestContext,
  { directory, jobs, args = [] }: PrometheusOptions,
): Promise<Prometheus> {
  assert.deepEqual(MISSING, [], 'install them, or unset CI to skip this test')
  const config = join(directory, 'prometheus.yml')
  const scrapes = Object.entries(jobs).map(([job, target]) => {
    const { host, pathname } = new URL(target)
    return `
  - job_name: ${job}
    metrics_path: ${pathname}
    static_configs: [{ targets: ['${host}'] }]`
  })
  writeFileSync(
    config,
    `
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:${scrapes.join('')}
`,
  )
  const url = `http://127.0.0.1:${await freePort()}`
  const child = new Child(context, 'prometheus', [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=${new URL(url).host}`,
    '--log.level=debug',
    ...args,
  ])
  const get = async (path: string) => {
    const response = await fetch(`${url}/api/v1/${path}`)
    const { status, data, error } = (await response.json()) as Answer
    assert.equal(status, 'success', error)
    return data
  }
  await child.waitForStderr(/Server is ready to receive web requests/)
  return {
    targets: async () => (await get('targets')).activeTargets,
    query: async (expression) =>
      (await get(`query?query=${encodeURIComponent(expression)}`)).result,
    log: () => child.stderr.split('\n'),
  }
}
