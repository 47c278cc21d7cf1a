import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FORMATS } from '../../src/exposition/formats.js'
import type { MetricsRegistry } from '../../src/index.js'
import { renderRegistry } from '../../src/registry/render-registry.js'
import { failure } from '../support/assertions/failures.js'

const TEXT = 'text/plain; version=0.0.4'
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0'

/** The result of the `get` of a metric. */
interface Returned {
  readonly name: string
  readonly help?: string
  readonly type: string
  readonly values?: readonly object[]
}

/** A registry with a metric whose `get` returns this value or promise, or without `get`. */
function registryOf(get: (() => unknown) | undefined, contentType = TEXT, defaults = {}) {
  const registry = {
    contentType,
    registerMetric() {},
    metrics: () => '',
    getMetricsAsArray: () => [{ get }],
    _defaultLabels: defaults,
  }
  return registry as MetricsRegistry
}

async function lines(registry: MetricsRegistry, format: keyof typeof FORMATS): Promise<string[]> {
  const { buffers } = await renderRegistry(registry, FORMATS[format])
  return Buffer.concat(buffers)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
}

test('samples of a name that their type does not have are a family of unknown type', async () => {
  const metric: Returned = {
    name: 'queue',
    help: 'Jobs.',
    type: 'gauge',
    values: [
      { value: 1 },
      { metricName: 'queue_max', labels: { kind: 'a' }, value: 2 },
      { metricName: 'other', value: 3 },
      { metricName: 'queue_max', labels: { kind: 'b' }, value: 4 },
    ],
  }
  assert.deepEqual(
    await lines(
      registryOf(() => metric),
      'text',
    ),
    [
      ...['# HELP queue Jobs.', '# TYPE queue gauge', 'queue 1'],
      ...['# HELP queue_max Jobs.', '# TYPE queue_max untyped'],
      ...['queue_max{kind="a"} 2', 'queue_max{kind="b"} 4'],
      ...['# HELP other Jobs.', '# TYPE other untyped', 'other 3'],
    ],
  )
  const openMetrics = await lines(
    registryOf(() => metric),
    'openmetrics',
  )
  assert.ok(openMetrics.includes('# TYPE queue_max unknown'))
  assert.equal(openMetrics.at(-1), '# EOF')
})

test('the samples of a series are grouped, in any order of samples and labels', async () => {
  const bucket = (labels: object, value: number) => ({ metricName: 'h_bucket', labels, value })
  const metric: Returned = {
    name: 'h',
    type: 'histogram',
    values: [
      bucket({ le: 1, a: 'x', b: 'y' }, 1),
      bucket({ le: 1, a: 'z', b: 'y' }, 2),
      bucket({ b: 'y', a: 'x', le: '+Inf' }, 3),
      bucket({ a: 'z', le: '+Inf', b: 'y' }, 4),
      { metricName: 'h_count', labels: { b: 'y', a: 'x' }, value: 3 },
      { metricName: 'h_count', labels: { a: 'z', b: 'y' }, value: 4 },
    ],
  }
  assert.deepEqual(
    (
      await lines(
        registryOf(async () => metric),
        'openmetrics',
      )
    ).slice(2),
    [
      'h_bucket{a="x",b="y",le="1.0"} 1',
      'h_bucket{a="x",b="y",le="+Inf"} 3',
      'h_count{a="x",b="y"} 3',
      'h_bucket{a="z",b="y",le="1.0"} 2',
      'h_bucket{a="z",b="y",le="+Inf"} 4',
      'h_count{a="z",b="y"} 4',
      '# EOF',
    ],
  )
})

test('values and labels need not be numbers and strings, and names may be those of Object', async () => {
  const labels = { constructor: 1, toString: null, own: undefined }
  const metric: Returned = {
    name: 'g',
    help: 'A\nb\\',
    type: 'something',
    values: [{ labels, value: '7' }, { value: 8n }, { labels: null, value: Number.NaN }],
  }
  const defaults = { valueOf: 'd', own: 'theirs' }
  assert.deepEqual(
    await lines(
      registryOf(() => metric, TEXT, defaults),
      'text',
    ),
    [
      '# HELP g A\\nb\\\\',
      '# TYPE g untyped',
      'g{constructor="1",toString="null",own="undefined",valueOf="d"} 7',
      'g{valueOf="d",own="theirs"} 8',
      'g{valueOf="d",own="theirs"} NaN',
    ],
  )
})

test('counters of a registry of OpenMetrics have the suffix that it adds, and once', async () => {
  for (const name of ['calls', 'calls_total']) {
    const metric: Returned = { name, type: 'counter', values: [{ value: 1 }] }
    const registry = registryOf(() => metric, OPENMETRICS)
    assert.deepEqual((await lines(registry, 'text')).slice(1), [
      '# TYPE calls_total counter',
      'calls_total 1',
    ])
    assert.deepEqual(await lines(registry, 'openmetrics'), [
      ...['# TYPE calls counter', '# HELP calls ', 'calls_total 1', '# EOF'],
    ])
  }
})

test('an invalid metric fails with the reason', async () => {
  const returned = [
    undefined,
    null,
    5,
    [],
    {},
    { name: 'a' },
    { name: 'a', type: 'gauge', values: 1 },
  ]
  const gets = [...returned.map((value) => () => value), undefined]
  for (const get of gets) {
    await assert.rejects(renderRegistry(registryOf(get), FORMATS.text), failure('INVALID_OPTION'))
  }
})

test('the time of an exemplar is omitted if it is not a finite number', async () => {
  const times = [1.5, Number.NaN, Number.POSITIVE_INFINITY, null, undefined, 'now']
  const values = times.map((timestamp, id) => {
    return {
      labels: { id },
      value: 1,
      exemplar: { labelSet: { trace_id: 'a' }, value: 2, timestamp },
    }
  })
  const metric: Returned = { name: 'jobs_total', type: 'counter', values }
  const samples = (
    await lines(
      registryOf(() => metric),
      'openmetrics',
    )
  ).filter((line) => line.startsWith('jobs_total'))
  const exemplar = ' # {trace_id="a"} 2'
  assert.deepEqual(
    samples,
    times.map((_, id) => `jobs_total{id="${id}"} 1${exemplar}${id === 0 ? ' 1.5' : ''}`),
  )
})
