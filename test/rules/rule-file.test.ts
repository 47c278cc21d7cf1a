import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { NATS_METRICS, SELF_METRICS, STORE_METRICS } from '../../src/catalogue.js'
import type { AlertRule } from '../../src/rules/alert-rule.js'
import type { RecordingRule } from '../../src/rules/recording-rules.js'
import { ruleFile } from '../../src/rules/rule-file.js'
import { failure } from '../support/assertions/failures.js'
import { buckets, isConnected, self, store, up } from '../support/generators/rule-series.js'
import { PROMETHEUS_SKIP } from '../support/processes/prometheus.js'
import { checkRules, testRules } from '../support/processes/promtool.js'

type Options = Parameters<typeof ruleFile>[0]

const OPTIONS: readonly (readonly [what: string, options: Options])[] = [
  ['the defaults', {}],
  ['a prefix and a job', { prefix: 'my:app_', job: 'a "quoted" \\ job\n' }],
  ['equal windows and no waiting', { windowSeconds: 10, burstWindowSeconds: 10, forSeconds: 0 }],
  ['the largest numbers', { windowSeconds: 31_536_000, keysMin: 1e12, latencyFactor: 1e6 }],
  ['sums of engines', { rollUp: true, honorLabels: true, prefix: 'my:app_', job: 'kv' }],
  ['ratios at their ends', { failedKeyRatio: 0, errorRatio: 1, latencyMinSeconds: 0 }],
]

function rulesOf(options?: Options): readonly (AlertRule | RecordingRule)[] {
  return parse(ruleFile(options)).groups.flatMap(({ rules }: { rules: AlertRule[] }) => rules)
}

function alertsOf(options?: Options): readonly AlertRule[] {
  return rulesOf(options).filter((rule) => 'alert' in rule)
}

for (const [what, options] of OPTIONS) {
  test(`promtool finds nothing wrong with ${what}`, { skip: PROMETHEUS_SKIP }, async (context) => {
    const { code, stdout, stderr } = await checkRules(context, ruleFile(options))
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /SUCCESS: \d+ rules found/)
  })
}

test('recorded series are named level:metric:operations, each once', () => {
  const windows = { windowSeconds: 60, burstWindowSeconds: 60 }
  const records = rulesOf({ prefix: 'my:app_', rollUp: true, ...windows })
    .filter((rule) => 'record' in rule)
    .map(({ record }) => record)
  for (const record of records) {
    const metric = /:my_app_vllm_mooncake_store_\w+:\w+$/.test(record) ? '_operation' : ''
    const level = new RegExp(`^(?:instance|job|instance_engine)${metric}:my_app_\\w+:\\w+$`)
    assert.match(record, level)
  }
  assert.equal(new Set(records).size, records.length)
})

test('with a prefix and a job, all selectors have them', () => {
  const texts = rulesOf({ prefix: 'myapp_', job: 'kv', rollUp: true }).map(({ expr }) => expr)
  for (const { name } of Object.values({ ...STORE_METRICS, ...SELF_METRICS, ...NATS_METRICS })) {
    for (const text of texts) {
      // After a word character or a colon, it is part of a longer name.
      for (const [found] of text.matchAll(new RegExp(`[\\w:]*${name}[\\w:]*.?`, 'g'))) {
        assert.match(found, /^(?:(?:instance|job):)?myapp_.*\{$/, text)
      }
    }
  }
  for (const text of texts.join('\n').matchAll(/\{[^}]*\}/g)) assert.match(text[0], /^\{job="kv"/)
})

test('each alert has a severity, texts, and a runbook with actions', () => {
  const alerts = alertsOf()
  assert.equal(alerts.length, 9)
  for (const { alert, labels, annotations } of alerts) {
    assert.match(alert, /^Moonmeter[A-Z][A-Za-z]+$/)
    assert.match(labels.severity, /^(?:critical|warning)$/)
    assert.match(annotations.summary, /\$labels\.instance/, alert)
    assert.match(annotations.description, /\$labels\.instance .*\.$/, alert)
    const runbook = /^What it means: .+\.\nWhat to look at: .+\.\nWhat to do: .+\.$/
    assert.match(annotations.runbook, runbook, alert)
  }
})

test('only alerts on states have a `for` time', () => {
  const waiting = alertsOf({ forSeconds: 90 }).filter((rule) => rule.for !== undefined)
  assert.deepEqual(
    waiting.map(({ alert, for: duration }) => [alert, duration]),
    [
      ['MoonmeterFailedKeys', '90s'],
      ['MoonmeterLatencyHigh', '90s'],
      ['MoonmeterEngineSilent', '90s'],
      ['MoonmeterAllEnginesDown', '90s'],
      ['MoonmeterNatsDisconnected', '90s'],
    ],
  )
})

test('texts name the engine, its instance and the server, with the value and its unit', {
  skip: PROMETHEUS_SKIP,
}, async (context) => {
  const child = { engine: '3', exported_instance: 'child' }
  const calls = { calls: '0+15x60', keys: '0+150x60', failedKeys: '0+30x60' }
  const target = { job: 'moonmeter', instance: 'a:9464' }
  const storeLabels = { ...target, model_name: 'm', operation: 'load_get', severity: 'warning' }
  const runbooks = new Map(
    alertsOf().map(({ alert, annotations: { runbook } }) => [alert, runbook]),
  )
  const expected = (
    name: string,
    labels: Readonly<Record<string, string>>,
    [summary, description]: readonly [string, string],
  ) => ({
    ...{ at: '10m', name, labels },
    annotations: { summary, description, runbook: runbooks.get(name) ?? '' },
  })
  const end = await testRules(context, ruleFile(), {
    series: {
      ...up('1x60'),
      ...store(calls, 'partial_failure', child),
      ...store({ calls: '0+15x60' }, 'error', { engine: '' }),
      ...self('enginesUp', '0x60'),
      ...self('engineUp', '0x60', child),
      ...self('engineOpen', '1x60', child),
      ...self('restarts', '0+15x60', { ...child, reason: 'exit' }),
      ...self('rejected', '0+15x60', { reason: 'malformed' }),
      ...store({ calls: '0+15x60' }, 'ok', { engine: '4', operation: 'other' }),
      ...isConnected('0x60'),
    },
    expectations: [],
    alerts: [
      expected('MoonmeterFailedKeys', { ...storeLabels, ...child }, [
        '20% of the keys of load_get fail: engine 3 of child on a:9464',
        '20% of the keys of load_get failed in the last 5m (threshold 5%): ' +
          'engine 3 of child on a:9464.',
      ]),
      expected('MoonmeterErrorBurst', { ...storeLabels, severity: 'critical' }, [
        '100% of the calls of load_get fail: all engines on a:9464',
        '100% of the calls of load_get failed as a whole in the last 1m (threshold 20%): ' +
          'all engines on a:9464.',
      ]),
      expected('MoonmeterEngineSilent', { ...target, ...child, severity: 'warning' }, [
        'No reports: engine 3 of child on a:9464',
        'An engine that was not closed has sent no report for 2m: engine 3 of child on a:9464.',
      ]),
      expected('MoonmeterAllEnginesDown', { ...target, severity: 'critical' }, [
        'No engine is up on a:9464',
        '0 engines are up on a:9464 for 2m, and not all that are known were closed.',
      ]),
      expected('MoonmeterEngineRestarting', { ...target, ...child, severity: 'warning' }, [
        'The engine is restarted again and again: engine 3 of child on a:9464',
        'The pool restarted the engine 300 times in the last 5m (threshold 3): ' +
          'engine 3 of child on a:9464.',
      ]),
      expected(
        'MoonmeterPayloadsRejected',
        { ...target, reason: 'malformed', severity: 'warning' },
        [
          'Payloads are rejected as malformed on a:9464',
          '300 payloads were rejected as malformed in the last 5m (threshold 1) on a:9464.',
        ],
      ),
      expected(
        'MoonmeterSeriesLimitReached',
        { ...target, model_name: 'm', engine: '4', severity: 'warning' },
        [
          "Calls are counted as 'other': engine 4 on a:9464",
          "300 calls of the last 5m are counted under 'other', past a limit on engines, " +
            'operations, statuses or series: engine 4 on a:9464.',
        ],
      ),
      expected('MoonmeterNatsDisconnected', { ...target, severity: 'warning' }, [
        'No connection to NATS on a:9464',
        'There is no connection to a NATS server for 2m on a:9464.',
      ]),
    ],
  })
  assert.equal(end.code, 0, end.stdout + end.stderr)
})

test('the text about a latency has its p99 and the compared p99', {
  skip: PROMETHEUS_SKIP,
}, async (context) => {
  const [rule] = alertsOf().filter(({ alert }) => alert === 'MoonmeterLatencyHigh')
  const end = await testRules(context, ruleFile(), {
    series: {
      ...up('1x200'),
      ...store({ calls: '0+15x200' }),
      ...buckets(['0x200', '0+15x160 2400x40', '0+15x160 2400x40', '0+15x200', '0+15x200']),
    },
    expectations: [],
    alerts: [
      {
        at: '48m',
        name: 'MoonmeterLatencyHigh',
        labels: {
          ...{ job: 'moonmeter', instance: 'a:9464', model_name: 'm', engine: '3' },
          ...{ operation: 'load_get', severity: 'warning' },
        },
        annotations: {
          summary: 'p99 of load_get is 199ms: engine 3 on a:9464',
          description:
            'p99 of load_get over 5m is 199ms, more than 3 times its median over the 1h before: ' +
            'engine 3 on a:9464.',
          runbook: rule?.annotations.runbook ?? '',
        },
      },
    ],
  })
  assert.equal(end.code, 0, end.stdout + end.stderr)
})

test('invalid numbers and prefixes are rejected', () => {
  const bad: readonly Options[] = [
    { windowSeconds: 0 },
    { windowSeconds: 1.5 },
    { failedKeyRatio: 1.1 },
    { restarts: Number.NaN },
    { prefix: '1app_' },
    { prefix: 'app-' },
    { rollUp: 'yes' as never },
    { honorLabels: 1 as never },
  ]
  for (const options of bad) assert.throws(() => ruleFile(options), failure('INVALID_OPTION'))
})
