import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import type { RecordingRule } from '../../src/rules/recording-rules.js'
import { ruleFile } from '../../src/rules/rule-file.js'
import { buckets, type RuleSeries, self, store, up } from '../support/generators/rule-series.js'
import { PROMETHEUS_SKIP } from '../support/processes/prometheus.js'
import { type RuleCase, testRules } from '../support/processes/promtool.js'

const RULES = { rollUp: true, honorLabels: true }
const LEVEL = /^(?:instance|job)(?:_operation)?:/
/** The labels of the sums of an operation and of the state of engines. */
const STORE_LABELS = 'job="moonmeter", model_name="m", operation="load_get"'
const SELF_LABELS = 'job="moonmeter"'

interface Engine {
  readonly engine: string
  readonly instance: string
}

const ENGINES: readonly Engine[] = [
  { engine: '0', instance: 'host-a' },
  { engine: '1', instance: 'host-a' },
  { engine: '0', instance: 'host-b' },
]

/** Two calls a second of an engine, a tenth of them errors, with ten keys each of which one fails. */
function seriesOf(labels: Engine): RuleSeries {
  const ok = { calls: '0+27x60', keys: '0+270x60', failedKeys: '0+27x60', bytes: '0+2700x60' }
  const error = { calls: '0+3x60', keys: '0+30x60', failedKeys: '0+3x60', bytes: '0+300x60' }
  return {
    ...store(ok, 'ok', labels),
    ...store(error, 'error', labels),
    ...buckets(['0x60', '0x60', '0+30x60', '0+30x60', '0+30x60'], labels),
    ...self('engineUp', '1x60', { ...labels }),
    ...self('engineOpen', '1x60', { ...labels }),
  }
}

/** Per sum of an operation, by its name without the level, the value of an engine. */
const OF_OPERATION = {
  'vllm_mooncake_store_operation:rate5m': 2,
  'vllm_mooncake_store_operation_errors:rate5m': 0.2,
  'vllm_mooncake_store_operation_keys:rate5m': 20,
  'vllm_mooncake_store_operation_failed_keys:rate5m': 2,
  'vllm_mooncake_store_operation_bytes:rate5m': 200,
} as const
const OF_ENGINES = ['moonmeter_engine_up:sum', 'moonmeter_engine_open:sum']
/** All durations are from 10 to 100 ms, so quantiles are that part of the way. */
const QUANTILES = { p50_5m: 0.055, p99_5m: 0.0991 }
const QUANTILE = /:p\d+_5m$/
const TIME = 'vllm_mooncake_store_operation_time_seconds'
const LES = { '0.005': 0, '0.01': 0, '0.1': 2, '0.2': 2, '+Inf': 2 }

/** The samples that each recorded sum has. */
function expectedSums() {
  const levels = [
    { level: 'instance', labels: 'instance="host-a", ', engines: 2 },
    { level: 'instance', labels: 'instance="host-b", ', engines: 1 },
    { level: 'job', labels: '', engines: 3 },
  ]
  const found = new Map<string, { labels: string; value: number }[]>()
  const add = (name: string, labels: string, value: number) => {
    const samples = found.get(name) ?? []
    found.set(name, [...samples, { labels: `${name}{${labels}}`, value }])
  }
  for (const { level, labels, engines } of levels) {
    for (const [name, value] of Object.entries(OF_OPERATION)) {
      add(`${level}_operation:${name}`, labels + STORE_LABELS, value * engines)
    }
    for (const [le, value] of Object.entries(LES)) {
      const name = `${level}_operation:${TIME}_bucket:rate5m`
      add(name, `${labels}le="${le}", ${STORE_LABELS}`, value * engines)
    }
    for (const [quantile, value] of Object.entries(QUANTILES)) {
      const name = `${level}_operation:${TIME}:${quantile}`
      found.set(name, [...(found.get(name) ?? []), { labels: `{${labels}${STORE_LABELS}}`, value }])
    }
    for (const name of OF_ENGINES) add(`${level}:${name}`, labels + SELF_LABELS, engines)
  }
  return found
}

async function assertRules(context: TestContext, rules: string, ruleCase: RuleCase): Promise<void> {
  const { code, stdout, stderr } = await testRules(context, rules, ruleCase)
  assert.equal(code, 0, stdout + stderr)
}

test('engines are added up to instances and jobs, by each rule', {
  skip: PROMETHEUS_SKIP,
}, async (context) => {
  const sums = expectedSums()
  const rules: readonly RecordingRule[] = parse(ruleFile(RULES)).groups[0].rules
  assert.deepEqual(
    rules
      .filter(({ record = '' }) => LEVEL.test(record))
      .map(({ record }) => record)
      .sort(),
    [...sums.keys()].sort(),
  )
  await assertRules(context, ruleFile(RULES), {
    series: Object.assign(up('1x60', 'aggregator:9464'), ...ENGINES.map(seriesOf)),
    expectations: Array.from(sums, ([name, samples]) => ({
      at: '10m',
      // Without its name, and rounded, because the order of additions changes the last bits.
      expression: QUANTILE.test(name) ? `round(${name}, 0.0001)` : name,
      samples,
    })),
  })
})

test('the number of sums by job does not depend on the number of engines', {
  skip: PROMETHEUS_SKIP,
}, async (context) => {
  const engines = Array.from({ length: 30 }, (_, index) => {
    return { engine: String(index % 8), instance: `host-${index >> 3}` }
  })
  for (const some of [ENGINES, engines]) {
    await assertRules(context, ruleFile(RULES), {
      series: Object.assign(up('1x60', 'aggregator:9464'), ...some.map(seriesOf)),
      expectations: [
        {
          at: '10m',
          expression: 'count({__name__=~"job(_operation)?:.+"})',
          // Five counters, five buckets, two quantiles, and two states of engines.
          samples: [{ labels: '{}', value: 14 }],
        },
      ],
    })
  }
})

test('without the option there are no sums', () => {
  const rules: readonly Partial<RecordingRule>[] = parse(ruleFile()).groups[0].rules
  assert.deepEqual(
    rules.filter(({ record = '' }) => LEVEL.test(record)),
    [],
  )
})

test('with honor_labels, the first errors of an engine count, though its instance is no target', {
  skip: PROMETHEUS_SKIP,
}, async (context) => {
  const rate = 'job_operation:vllm_mooncake_store_operation_errors:rate5m'
  const [engine] = ENGINES
  const labels = `${rate}{${STORE_LABELS}}`
  for (const [options, samples] of [
    [RULES, [{ labels, value: 0.1 }]],
    // `increase` ignores the first value of a counter.
    [{ rollUp: true }, [{ labels, value: 0 }]],
  ] as const) {
    await assertRules(context, ruleFile(options), {
      series: {
        ...up('1x60', 'aggregator:9464'),
        ...store({ calls: '_x30 30x30' }, 'error', engine),
      },
      expectations: [{ at: '8m', expression: rate, samples }],
    })
  }
})

test('with honor_labels, no alert fires for a fleet whose engines all were closed', {
  skip: PROMETHEUS_SKIP,
}, async (context) => {
  const firing = { at: '10m', expression: 'count by (alertname) (ALERTS{alertstate="firing"})' }
  const isDown = [{ labels: '{alertname="MoonmeterAllEnginesDown"}', value: 1 }]
  const [engine] = ENGINES
  for (const [open, samples] of [
    ['0x60', []],
    ['1x60', [...isDown, { labels: '{alertname="MoonmeterEngineSilent"}', value: 1 }]],
  ] as const) {
    await assertRules(context, ruleFile(RULES), {
      series: {
        ...up('1x60', 'aggregator:9464'),
        ...self('enginesUp', '0x60', { instance: 'aggregator:9464' }),
        ...self('engineUp', '0x60', { ...engine }),
        ...self('engineOpen', open, { ...engine }),
      },
      expectations: [{ ...firing, samples }],
    })
  }
})
