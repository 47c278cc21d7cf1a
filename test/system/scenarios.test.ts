import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { SCENARIO_NAMES, type ScenarioName } from '../../src/simulate/scenario.js'
import {
  ALERTMANAGER_SKIP,
  type Alertmanager,
  startAlertmanager,
} from '../support/processes/alertmanager.js'
import {
  runCommand,
  servedUrl,
  startCommand,
  temporaryDirectory,
} from '../support/processes/command.js'
import { freePort } from '../support/processes/free-port.js'
import { PROMETHEUS_SKIP, startPrometheus } from '../support/processes/prometheus.js'
import { waitUntil } from '../support/processes/wait-until.js'

/** The expected alerts of each scenario. */
const ALERTS: Readonly<Record<ScenarioName | 'calm', readonly string[]>> = {
  calm: [],
  'slow-network': ['MoonmeterLatencyHigh'],
  'slow-engine': ['MoonmeterLatencyHigh'],
  'error-burst': ['MoonmeterErrorBurst', 'MoonmeterFailedKeys'],
  'store-full': ['MoonmeterErrorBurst', 'MoonmeterFailedKeys'],
  'crash-loop': ['MoonmeterEngineRestarting'],
  'silent-engine': ['MoonmeterEngineSilent'],
  'rejected-payloads': ['MoonmeterPayloadsRejected'],
  'series-limit': ['MoonmeterSeriesLimitReached'],
}
const NAMES = ['calm', ...SCENARIO_NAMES] as const
const WINDOW_SECONDS = 10
/**
 * Prometheus finds its targets five seconds after its start, and then needs ten seconds of a latency
 * to compare the next to.
 */
const AFTER_SECONDS = 28
const RULES = [
  ...['--window', `${WINDOW_SECONDS}s`, '--burst-window', `${WINDOW_SECONDS}s`],
  ...['--baseline', '30s', '--for', '5s'],
  // A short window varies more: a single burst in a calm run can be 5 % of the keys of ten seconds,
  // and 14 of the first 50 calls.
  ...['--failed-keys', '0.2', '--keys-min', '2000', '--errors-min', '50'],
]
/** Some 60 requests per second and engine, so that the processors have time for all processes. */
const SIMULATION = [
  ...['--engines', '2', '--threads', '1', '--duration', '0', '--request-rate', '1'],
]
const WAIT_MS_MAX = 60_000
const LIFE_MS_MAX = 200_000

test('each scenario causes exactly its alerts, and a calm run none', {
  skip: PROMETHEUS_SKIP || ALERTMANAGER_SKIP,
}, async (context) => {
  const directory = temporaryDirectory(context)
  const [rules, alertmanager] = await Promise.all([
    runCommand(context, ['rules', ...RULES]),
    startAlertmanager(context, directory),
  ])
  const ports = await Promise.all(NAMES.map(freePort))
  const addresses = new Map(NAMES.map((name, index) => [name, `127.0.0.1:${ports[index]}`]))
  const jobs = NAMES.map((name) => [name, `http://${addresses.get(name)}/metrics`] as const)
  // All concurrently: Prometheus needs as long to discover its targets as they need to start.
  await Promise.all([
    startPrometheus(context, {
      directory,
      jobs: Object.fromEntries(jobs),
      rules: rules.stdout,
      alertmanager: alertmanager.url,
    }),
    ...NAMES.map((name) => startSimulation(context, name, addresses.get(name) ?? '')),
  ])
  const fired = new Map<string, Set<string>>(NAMES.map((name) => [name, new Set()]))
  const note = () => noteAlerts(alertmanager, fired)
  await waitUntil(
    'the alerts of all scenarios',
    async () => {
      await note()
      return NAMES.every((name) => ALERTS[name].every((alert) => fired.get(name)?.has(alert)))
    },
    WAIT_MS_MAX,
  ).catch((error: unknown) => context.diagnostic(String(error)))
  // An alert may need a whole window to fire.
  const endMs = performance.now() + WINDOW_SECONDS * 1_000
  await waitUntil('a window', async () => {
    await note()
    return performance.now() > endMs
  })
  const found = NAMES.map((name) => [name, [...(fired.get(name) ?? [])].sort()])
  assert.deepEqual(Object.fromEntries(found), ALERTS)
})

/** Starts a simulation that serves its metrics at an address. */
async function startSimulation(
  context: TestContext,
  name: (typeof NAMES)[number],
  address: string,
): Promise<void> {
  const scenario =
    name === 'calm' ? [] : ['--scenario', name, '--scenario-after', `${AFTER_SECONDS}`]
  const args = ['simulate', ...SIMULATION, '--listen', address, ...scenario]
  await servedUrl(startCommand(context, args, { lifeMsMax: LIFE_MS_MAX }))
}

/** Adds the currently active alerts, by the job of their target. */
async function noteAlerts(
  alertmanager: Alertmanager,
  fired: ReadonlyMap<string, Set<string>>,
): Promise<void> {
  for (const { labels } of await alertmanager.alerts()) {
    const { job = '', alertname = '' } = labels
    fired.get(job)?.add(alertname)
  }
}
