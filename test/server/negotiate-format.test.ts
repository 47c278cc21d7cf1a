import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FormatName } from '../../src/exposition/formats.js'
import { negotiateFormat, readFormats } from '../../src/server/negotiate-format.js'
import { busyMs } from '../support/assertions/busy-ms.js'
import { failure } from '../support/assertions/failures.js'

const TEXT = 'text/plain; version=0.0.4; charset=utf-8'
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
const OPENMETRICS_OLD = 'application/openmetrics-text; version=0.0.1; charset=utf-8'
const BOTH: readonly FormatName[] = ['text', 'openmetrics']

const om = (parameters: string) => `application/openmetrics-text${parameters}`

/** Headers of clients, and the format that they get of text and OpenMetrics. */
const CASES: readonly (readonly [accept: string | undefined, contentType: string])[] = [
  [undefined, TEXT],
  ['', TEXT],
  ['*/*', TEXT],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8', TEXT],
  ['application/json', TEXT],
  ['image/*, nonsense, ;q=1, /', TEXT],
  ['application/openmetrics-text;q=0, text/plain;q=0', TEXT],
  // Prometheus 2.5 to 2.37, then to 2.5x, 2.5x with native histograms, and 3.
  [`${om('; version=0.0.1')},text/plain;version=0.0.4;q=0.5,*/*;q=0.1`, OPENMETRICS_OLD],
  [
    `${om(';version=1.0.0')},${om(';version=0.0.1;q=0.75')},text/plain;version=0.0.4;q=0.5,*/*;q=0.1`,
    OPENMETRICS,
  ],
  [
    `text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,${om(';version=1.0.0;escaping=allow-utf-8;q=0.5')},` +
      `${om(';version=0.0.1;q=0.4')},text/plain;version=0.0.4;q=0.3,/;q=0.2`,
    OPENMETRICS,
  ],
  [`text/plain;version=0.0.4;q=0.6,${om(';version=1.0.0;q=0.5')},*/*;q=0.1`, TEXT],
  // Weights, specificity, order.
  [`text/plain;q=0.3, ${om(';q=0.4')}`, OPENMETRICS],
  [`text/plain;q=0.4, ${om(';q=0.3')}`, TEXT],
  [`text/plain;q=0.400, ${om(';q=0.401')}`, OPENMETRICS],
  [`${om('')}, text/plain`, OPENMETRICS],
  [`text/plain, ${om('')}`, TEXT],
  [`*/*, ${om('')}`, OPENMETRICS],
  [`*/*, ${om(';q=0')}`, TEXT],
  ['*/*, text/plain;q=0', OPENMETRICS],
  ['application/*, text/*;q=0.9', OPENMETRICS],
  ['text/*;q=0.1, text/plain;version=0.0.4;q=0.9, application/*;q=0.5', TEXT],
  ['text/*;q=0.9, text/plain;version=0.0.4;q=0.1, application/*;q=0.5', OPENMETRICS],
  // Versions and parameters.
  [om(';version=2.0.0'), TEXT],
  [`${om(';version=2.0.0')}, ${om(';version=1.0.0;q=0.1')}, text/plain;q=0.05`, OPENMETRICS],
  [om(';version="1.0.0"'), OPENMETRICS],
  [om('; Version=1.0.0 ; Charset=UTF-8'), OPENMETRICS],
  [om(';version=1.0.0;escaping=underscores'), OPENMETRICS],
  ['APPLICATION/OpenMetrics-Text', OPENMETRICS],
  [`text/plain;version=0.0.3, ${om(';q=0.1')}`, OPENMETRICS],
  [`text/plain; note="a, b; q=1"; q=0.9, ${om(';q=0.1')}`, OPENMETRICS],
]

test('clients get the format that they prefer, and text if they accept none', () => {
  for (const [accept, expected] of CASES) {
    assert.equal(negotiateFormat(accept, BOTH).contentType, expected, accept)
  }
})

test('protobuf is for clients that ask for its delimited messages', () => {
  const all = ['text', 'openmetrics', 'protobuf'] as const
  const type = 'application/vnd.google.protobuf'
  const delimited = `${type};proto=io.prometheus.client.MetricFamily;encoding=delimited`
  const cases = [
    // Prometheus 2.40 and 3 with native histograms, then 3 with another order of protocols.
    [`${delimited},${om(';version=1.0.0;q=0.8')},text/plain;version=0.0.4;q=0.5,*/*;q=0.1`, type],
    [`${delimited};q=0.6,${om(';version=1.0.0;escaping=allow-utf-8;q=0.5')},*/*;q=0.1`, type],
    [`${om(';version=1.0.0;q=0.6')},${delimited};q=0.5,*/*;q=0.1`, 'application/openmetrics-text'],
    [type, type],
    [`${type};proto=io.prometheus.client.MetricFamily;encoding=text`, 'text/plain'],
    [`${type};proto=other.Message;encoding=delimited`, 'text/plain'],
    ['*/*', 'text/plain'],
  ]
  for (const [accept, expected] of cases) {
    const { contentType } = negotiateFormat(accept, all)
    assert.equal(contentType.split(';')[0], expected, accept)
  }
})

test('formats with equal weights are tried in the given order', () => {
  const order = ['openmetrics', 'text'] as const
  assert.equal(negotiateFormat('*/*', order).contentType, OPENMETRICS)
  assert.equal(negotiateFormat(undefined, order).contentType, OPENMETRICS)
  assert.equal(negotiateFormat(`text/plain, ${om('')}`, order).contentType, TEXT)
  assert.equal(negotiateFormat('application/json', order).contentType, TEXT)
})

test('a single format is served to all clients', () => {
  for (const [accept] of CASES) {
    assert.equal(negotiateFormat(accept, ['openmetrics']).contentType, OPENMETRICS)
    assert.equal(negotiateFormat(accept, ['text']).contentType, TEXT)
  }
})

test('a header is parsed, and a very long one is ignored', async () => {
  const ranges = (count: number) => Array.from({ length: count }, () => 'a/b;q=0.1').join()
  assert.equal(negotiateFormat(`${ranges(150)},${om('')}`, BOTH).contentType, OPENMETRICS)
  assert.equal(negotiateFormat(`${ranges(1_000)},${om('')}`, BOTH).contentType, TEXT)
  const ms = await busyMs(() => {
    for (let request = 0; request < 100; request++) {
      negotiateFormat('a/b,'.repeat(4_000), BOTH)
      negotiateFormat(';escaping'.repeat(2_000), BOTH)
      negotiateFormat(`;${' '.repeat(16_000)}`, BOTH)
    }
  })
  assert.ok(ms < 1_000, `${ms} ms`)
})

test('the option formats is a list of known ones', () => {
  assert.deepEqual(readFormats('formats', ['openmetrics']), ['openmetrics'])
  assert.ok(readFormats('formats').includes('text'))
  for (const wrong of [[], 'text', ['text', 'xml'], [undefined], [['text']], null, {}, 7]) {
    assert.throws(() => readFormats('formats', wrong), failure('INVALID_OPTION'))
  }
})
