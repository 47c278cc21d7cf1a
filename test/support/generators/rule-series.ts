import { NATS_METRICS, SELF_METRICS, STORE_METRICS } from '../../../src/catalogue.js'

/** Series of a test of rules, by their selector: values in promtool's notation. */
export type RuleSeries = Readonly<Record<string, string>>

/** Labels in addition to those of the target; an engine's `instance` is `exported_instance`. */
export interface EngineLabels {
  readonly instance?: string
  readonly engine?: string
  readonly exported_instance?: string
  readonly operation?: string
}

/** The default engine of the series. */
export const ENGINE = { engine: '3' }
const TARGET = { job: 'moonmeter', instance: 'a:9464' }
/** Bounds of the buckets that the tests need. */
const BOUNDS = ['0.005', '0.01', '0.1', '0.2', '+Inf'] as const

/** The series `up` of a target. */
export function up(values = '1x400', instance = TARGET.instance): RuleSeries {
  return { [selector('up', { ...TARGET, instance })]: values }
}

/** The calls, keys and failed keys of an engine, operation and status. */
export function store(
  counts: Readonly<Partial<Record<'calls' | 'keys' | 'failedKeys' | 'bytes', string>>>,
  status = 'ok',
  labels: EngineLabels = {},
): RuleSeries {
  const all = { ...TARGET, model_name: 'm', engine: '3', operation: 'load_get', ...labels, status }
  const { operations, keys, failedKeys, bytes } = STORE_METRICS
  const values = [
    [operations, counts.calls],
    [keys, counts.keys],
    [failedKeys, counts.failedKeys],
    [bytes, counts.bytes],
  ] as const
  return Object.fromEntries(
    values.flatMap(([{ name }, text]) => (text === undefined ? [] : [[selector(name, all), text]])),
  )
}

/** Buckets of the durations of `load_get`: the values of each, up to 5, 10, 100, 200 ms and above. */
export function buckets(
  values: readonly [string, string, string, string, string],
  further: EngineLabels = {},
): RuleSeries {
  const store = { model_name: 'm', engine: '3', operation: 'load_get', status: 'ok' }
  const labels = { ...TARGET, ...store, ...further }
  return Object.fromEntries(
    values.map((text, index) => [
      selector(`${STORE_METRICS.durationSeconds.name}_bucket`, { ...labels, le: BOUNDS[index] }),
      text,
    ]),
  )
}

/** One of the metrics about moonmeter itself. */
export function self(
  metric: keyof typeof SELF_METRICS,
  values: string,
  labels: Readonly<Record<string, string>> = {},
): RuleSeries {
  return { [selector(SELF_METRICS[metric].name, { ...TARGET, ...labels })]: values }
}

/** A call of ten keys each second, of which none fails. */
export const CALM = store({ calls: '0+15x400', keys: '0+150x400', failedKeys: '0x400' })

/** The calls of `CALM`, with partial failures: each 15 s, the given number of 150 keys fail. */
export function failing(growth: number, labels: EngineLabels = {}): RuleSeries {
  const counts = { calls: '0+15x400', keys: '0+150x400', failedKeys: `0+${growth}x400` }
  return store(counts, 'partial_failure', labels)
}

/** Whether engine 3 is up. */
export function isUp(values: string): RuleSeries {
  return self('engineUp', values, ENGINE)
}

/** Whether reports of engine 3 are expected. */
export function isOpen(values: string): RuleSeries {
  return self('engineOpen', values, ENGINE)
}

/** Whether a process is connected to a bucket of NATS. */
export function isConnected(values: string, instance = TARGET.instance): RuleSeries {
  return { [selector(NATS_METRICS.connected.name, { ...TARGET, instance })]: values }
}

/** The number of entries in a bucket, which only an aggregator that watches it has. */
export function watchesEntries(instance = TARGET.instance): RuleSeries {
  return { [selector(NATS_METRICS.entries.name, { ...TARGET, instance })]: '9x400' }
}

/** Payloads that are rejected as malformed. */
export function rejected(values: string): RuleSeries {
  return self('rejected', values, { reason: 'malformed' })
}

/** Restarts of engine 3 after an exit. */
export function restarts(values: string): RuleSeries {
  return self('restarts', values, { ...ENGINE, reason: 'exit' })
}

function selector(name: string, labels: Readonly<Record<string, string | undefined>>): string {
  const texts = Object.entries(labels)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([label, value]) => `${label}="${value}"`)
  return `${name}{${texts.join(',')}}`
}
