import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePort } from './free-port.js'
import { type Host, localHost } from './host.js'
import { isOnPath } from './on-path.js'

const MISSING = ['prometheus', 'promtool'].filter((name) => !isOnPath(name))
/** The reason to skip tests; false in CI, where an absent program is a failure. */
export const PROMETHEUS_SKIP =
  MISSING.length > 0 && process.env.CI !== 'true'
    ? `${MISSING.join(' and ')} not found; apt-get install prometheus`
    : false

const MS_PER_SECOND = 1e3
/** Maximum life of a server. */
const LIFE_MS_MAX = 200_000

const INTERVALS = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' }

const COMPLAINT = /level=(?:warn|error)|failed/i
const TIMED_OUT = /msg="Scrape failed" err=.*context deadline exceeded/

/** An answer of the HTTP API. */
interface Answer<Data> {
  readonly status: string
  readonly error?: string
  readonly data: Data
}

export interface Instant {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

/** A series of a range query; samples are numbers or native histograms. */
export interface Range {
  readonly metric: Readonly<Record<string, string>>
  readonly values?: readonly (readonly [number, string])[]
  readonly histograms?: readonly (readonly [number, { readonly count: string }])[]
}

interface ActiveTarget {
  readonly health: string
  readonly lastError: string
  readonly labels: Readonly<Record<string, string>>
}

/** A Prometheus server of a test. */
export interface Prometheus {
  /** Its address, without a path. */
  readonly url: string
  /** The exposition of its own metrics. */
  readonly metrics: () => Promise<string>
  readonly targets: () => Promise<readonly ActiveTarget[]>
  /** The samples of an instant query. */
  readonly query: (expression: string) => Promise<readonly Instant[]>
  /** The samples of a range query over the last seconds, one for each second. */
  readonly queryRange: (expression: string, seconds: number) => Promise<readonly Range[]>
  /** The values of a label in the series of a selector. */
  readonly labelValues: (label: string, selector: string) => Promise<readonly string[]>
  /** Its warnings, errors and failures so far, except scrapes that timed out after a second. */
  readonly complaints: () => string[]
}

/** The part of a configuration file that tests change. */
export interface PrometheusConfig {
  readonly global?: object
  readonly scrape_configs?: readonly object[]
  readonly rule_files?: readonly string[]
  readonly remote_write?: readonly object[]
}

/** Options of a Prometheus server. */
export interface PrometheusOptions {
  /** The directory of its files. */
  readonly directory: string
  /** The URL to scrape, by job. */
  readonly jobs: Readonly<Record<string, string>>
  /** Its configuration, except jobs, intervals and files of rules. */
  readonly config?: PrometheusConfig
  readonly args?: readonly string[]
  /** A rule file in YAML, which is evaluated once a second. */
  readonly rules?: string
  /** The URL of the Alertmanager that gets the alerts of the rules. */
  readonly alertmanager?: string
  /** The setting `honor_labels`; default false. */
  readonly honorLabels?: boolean
  /** The host of the server; default this host. */
  readonly host?: Host
  /** The port; default a free one of this host. */
  readonly port?: number
}

/** Starts a Prometheus server that scrapes the targets once a second. */
export async function startPrometheus(
  context: TestContext,
  options: PrometheusOptions,
): Promise<Prometheus> {
  const { directory, jobs, args = [], honorLabels = false, rules, alertmanager } = options
  const { host: home = localHost(context), port = await freePort(), config: given = {} } = options
  assert.deepEqual(MISSING, [], 'install them, or unset CI to skip this test')
  const config = join(directory, 'prometheus.yml')
  const scrapes = Object.entries(jobs).map(([job, target]) => {
    const { host, pathname } = new URL(target)
    return {
      job_name: job,
      metrics_path: pathname,
      honor_labels: honorLabels,
      static_configs: [{ targets: [host] }],
    }
  })
  const document = {
    ...given,
    global: { ...given.global, ...INTERVALS },
    scrape_configs: [...scrapes, ...(given.scrape_configs ?? [])],
    rule_files: rules === undefined ? [] : [ruleFileIn(directory, rules)],
    ...(alertmanager !== undefined && alertingTo(alertmanager)),
  }
  // JSON is YAML.
  writeFileSync(config, JSON.stringify(document))
  const url = `http://${home.address}:${port}`
  const child = home.start(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=${new URL(url).host}`,
      '--log.level=debug',
      ...args,
    ],
    { lifeMsMax: LIFE_MS_MAX },
  )
  const get = async <Data>(path: string, parameters: Readonly<Record<string, string>> = {}) => {
    const answer = await home.get(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
    const { status, data, error } = JSON.parse(answer) as Answer<Data>
    assert.equal(status, 'success', error)
    return data
  }
  const query = async <Result>(kind: string, parameters: Readonly<Record<string, string>>) => {
    return (await get<{ readonly result: readonly Result[] }>(kind, parameters)).result
  }
  await child.waitForStderr(/Server is ready to receive web requests/)
  return {
    url,
    metrics: () => home.get(`${url}/metrics`),
    targets: async () => {
      const { activeTargets } = await get<{ activeTargets: readonly ActiveTarget[] }>('targets')
      return activeTargets
    },
    query: (expression) => query<Instant>('query', { query: expression }),
    queryRange: (expression, seconds) => {
      const end = Date.now() / MS_PER_SECOND
      const range = { start: `${end - seconds}`, end: `${end}`, step: '1' }
      return query<Range>('query_range', { query: expression, ...range })
    },
    labelValues: (label, selector) => get(`label/${label}/values`, { 'match[]': selector }),
    complaints: () =>
      child.stderr.split('\n').filter((line) => COMPLAINT.test(line) && !TIMED_OUT.test(line)),
  }
}

function ruleFileIn(directory: string, rules: string): string {
  const file = join(directory, 'moonmeter.rules.yml')
  writeFileSync(file, rules)
  return file
}

function alertingTo(alertmanager: string): object {
  const targets = [new URL(alertmanager).host]
  return { alerting: { alertmanagers: [{ static_configs: [{ targets }] }] } }
}
