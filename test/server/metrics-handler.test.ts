import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Counter, Gauge, Registry } from 'prom-client'
import {
  EngineAggregator,
  type MetricsHandlerOptions,
  type MetricsRegistry,
  MoonmeterError,
  metricsHandler,
} from '../../src/index.js'
import { failure } from '../support/assertions/failures.js'
import { openClient, parseResponses } from '../support/processes/raw-client.js'
import { serve } from '../support/processes/servers.js'

/** The content type of a response for each header `Accept`. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '*/*': Registry.PROMETHEUS_CONTENT_TYPE,
  'application/openmetrics-text;version=1.0.0;q=0.8,*/*;q=0.1': Registry.OPENMETRICS_CONTENT_TYPE,
  'text/plain;version=0.0.4,application/openmetrics-text;q=0.9': Registry.PROMETHEUS_CONTENT_TYPE,
}
/** `fetch` accepts compressed responses by default. */
const PLAIN = { 'accept-encoding': 'identity' }

async function newSource(context: TestContext): Promise<{ url: string; registry: Registry }> {
  const registry = new Registry()
  const aggregator = new EngineAggregator({ registry })
  context.after(() => aggregator.close())
  return { url: await serve(context, metricsHandler(aggregator)), registry }
}

test('/metrics returns the registry’s text and content type, with any query', async (context) => {
  const { url, registry } = await newSource(context)
  new Counter({ name: 'requests_total', help: 'Requests, \u{1f680}.', registers: [registry] }).inc()
  const paths = [
    '/metrics',
    '/metrics?',
    '/metrics?name=x&name=y',
    '/metrics?a=/../b?c',
    '/metrics/',
  ]
  for (const path of paths) {
    const response = await fetch(url + path, { headers: PLAIN })
    const text = await response.text()
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), registry.contentType)
    assert.equal(text, await registry.metrics())
    assert.equal(response.headers.get('content-length'), String(Buffer.byteLength(text)))
  }
})

test('each request gets the format that it accepts, and Vary is sent to caches', async (context) => {
  const { url } = await newSource(context)
  for (const [accept, contentType] of Object.entries(CONTENT_TYPES)) {
    const response = await fetch(`${url}/metrics`, { headers: { accept } })
    assert.equal(response.headers.get('content-type'), contentType)
    assert.equal(response.headers.get('vary'), 'Accept, Accept-Encoding')
    assert.equal((await response.text()).endsWith('\n# EOF\n'), contentType.includes('openmetrics'))
  }
})

test('only the formats of the option are served', async (context) => {
  const registry = new Registry()
  const url = await serve(context, metricsHandler({ registry }, { formats: ['openmetrics'] }))
  for (const accept of Object.keys(CONTENT_TYPES)) {
    const response = await fetch(`${url}/metrics`, { headers: { accept } })
    assert.match(response.headers.get('content-type') ?? '', /^application\/openmetrics-text/)
    assert.equal(await response.text(), '# EOF\n')
  }
  const wrong = ['xml'] as never
  assert.throws(() => metricsHandler({ registry }, { formats: wrong }), failure('INVALID_OPTION'))
})

test('requests at the same time share a rendering only if they get the same format', async (context) => {
  const { url, registry } = await newSource(context)
  let reads = 0
  new Gauge({
    name: 'reads',
    help: 'Reads.',
    registers: [registry],
    collect() {
      this.set(++reads)
    },
  })
  const accepts = Object.keys(CONTENT_TYPES)
  const accept = (index: number) => accepts[index % accepts.length]
  const get = (index: number) =>
    `GET /metrics HTTP/1.1\r\nhost: a\r\naccept: ${accept(index)}\r\n` +
    `${index === 11 ? 'connection: close\r\n' : ''}\r\n`
  const client = openClient(context, url)
  client.socket.write(Array.from({ length: 12 }, (_, index) => get(index)).join(''))
  const responses = parseResponses(await client.closed)
  assert.equal(responses.length, 12)
  for (const [index, { headers, body }] of responses.entries()) {
    const type = CONTENT_TYPES[accept(index)]
    assert.ok(headers.includes(`Content-Type: ${type}\r\n`), headers)
    assert.equal(body.toString().endsWith('# EOF\n'), type.includes('openmetrics'))
  }
  // Once for each format, and once more for each if the requests arrive in two pieces.
  const formats = new Set(responses.map(({ body }) => body.toString()))
  assert.equal(formats.size, reads)
  assert.ok(reads >= 2 && reads <= 4, `${reads} reads`)
})

test('a registry without a list of metrics is served in its own format, which must be a valid header', async (context) => {
  const errors: unknown[] = []
  const registry = {
    contentType: 'text/x-own',
    registerMetric() {},
    metrics: () => 'own\n' as unknown,
  }
  const source = { registry: registry as MetricsRegistry }
  const url = await serve(
    context,
    metricsHandler(source, { onError: (error) => errors.push(error) }),
  )
  const scrape = async () => {
    const accept = 'application/openmetrics-text'
    const response = await fetch(`${url}/metrics`, { headers: { accept } })
    return [response.status, response.headers.get('content-type'), await response.text()]
  }
  assert.deepEqual(await scrape(), [200, 'text/x-own', 'own\n'])
  const broken = { contentType: 'text/plain\r\nx: y', metrics: () => 'a 1\n' }
  for (const change of [broken, { contentType: 'text/plain', metrics: () => undefined }]) {
    Object.assign(registry, change)
    const [status] = await scrape()
    assert.equal(status, 500)
    const error = errors.pop()
    assert.ok(error instanceof MoonmeterError && error.code === 'INVALID_OPTION')
    assert.match(error.message, /^registry\.(contentType|metrics): expected .*, got /)
    assert.doesNotMatch(error.message, /[\r\n]/)
  }
  assert.throws(() => metricsHandler({ registry: { ...source.registry, ...broken } }), {
    code: 'INVALID_OPTION',
  })
})

test('HEAD returns the headers of GET without the body', async (context) => {
  const { url } = await newSource(context)
  for (const path of ['/metrics', '/healthz', '/nowhere']) {
    const ask = (method: string) => fetch(url + path, { method, headers: PLAIN })
    const [head, get] = [await ask('HEAD'), await ask('GET')]
    const text = await get.text()
    assert.equal(await head.text(), '')
    assert.equal(head.status, get.status)
    for (const name of ['content-type', 'content-length']) {
      assert.equal(head.headers.get(name), get.headers.get(name))
    }
    assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(text)))
  }
})

test('/healthz returns ok with any query, even if the registry fails', async (context) => {
  const registry = { contentType: 'text/plain', metrics: failing, registerMetric() {} }
  const url = await serve(context, metricsHandler({ registry }))
  for (const path of ['/healthz', '/healthz?verbose']) {
    const response = await fetch(url + path)
    assert.deepEqual([response.status, await response.text()], [200, 'ok\n'])
  }
})

test('other paths return 404, however similar', async (context) => {
  const { url } = await newSource(context)
  const paths = [
    '/',
    '/metrics//',
    '/metricsx',
    '/METRICS',
    '//metrics',
    '/healthz/x',
    '/%6detrics',
  ]
  for (const path of paths) {
    for (const method of ['GET', 'POST']) {
      const response = await fetch(url + path, { method })
      assert.equal(response.status, 404, path)
      assert.match(response.headers.get('content-type') ?? '', /^text\/plain/)
      await response.text()
    }
  }
})

test('path and healthPath are the only paths, compared exactly', async (context) => {
  const cases: readonly (readonly [MetricsHandlerOptions, readonly number[]])[] = [
    // Of /metrics, /m, /healthz and /live.
    [{ path: '/m' }, [404, 200, 200, 404]],
    [{ path: '/m/', healthPath: '/live/' }, [404, 200, 404, 200]],
    [{ healthPath: false }, [200, 404, 404, 404]],
    [{ path: '*' }, [200, 200, 200, 200]],
    [{ path: '/healthz', healthPath: '/metrics' }, [200, 404, 200, 404]],
  ]
  for (const [options, expected] of cases) {
    const url = await serve(context, metricsHandler({ registry: new Registry() }, options))
    const statuses = []
    for (const path of ['/metrics', '/m', '/healthz', '/live']) {
      const response = await fetch(url + path)
      statuses.push(response.status)
      await response.text()
    }
    assert.deepEqual(statuses, expected, JSON.stringify(options))
  }
})

test('a response of 404 lists the paths', async (context) => {
  for (const [options, expected] of [
    [{}, '/metrics or /healthz'],
    [{ path: '/m', healthPath: '/live' }, '/m or /live'],
    [{ path: '/', healthPath: false }, '/'],
  ] as const) {
    const url = await serve(context, metricsHandler({ registry: new Registry() }, options))
    const response = await fetch(`${url}/nowhere`)
    assert.equal(await response.text(), `not found: expected ${expected}\n`)
  }
})

test('an invalid path, or one path for both, is an invalid option', () => {
  for (const options of [
    { path: '' },
    { path: 'metrics' },
    { path: '/metrics?name=x' },
    { path: '/a b' },
    { path: false },
    { path: null },
    { path: /metrics/ },
    { healthPath: '' },
    { healthPath: true },
    { healthPath: '*' },
    { healthPath: '/metrics' },
    { path: '/healthz' },
    { path: '/a', healthPath: '/a/' },
  ] as object[]) {
    const make = () => metricsHandler({ registry: new Registry() }, options)
    assert.throws(make, failure('INVALID_OPTION'), JSON.stringify(options))
  }
})

test('other methods return 405 with the allowed ones', async (context) => {
  const { url } = await newSource(context)
  for (const path of ['/metrics', '/healthz?x']) {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const response = await fetch(url + path, { method })
      assert.equal(response.status, 405)
      assert.equal(response.headers.get('allow'), 'GET, HEAD')
      await response.text()
    }
  }
})

test('a registry that rejects causes a 500 without internal details, and the next scrape works', async (context) => {
  let isFailing = true
  const registry = {
    contentType: 'text/plain; charset=utf-8',
    registerMetric() {},
    metrics: () => (isFailing ? failing() : Promise.resolve('a 1\n')),
  }
  const url = await serve(context, metricsHandler({ registry }))
  const failed = await fetch(`${url}/metrics`)
  const text = await failed.text()
  assert.equal(failed.status, 500)
  assert.doesNotMatch(text, /secret|Error|\bat\b.*:\d+/)
  isFailing = false
  assert.equal(await (await fetch(`${url}/metrics`)).text(), 'a 1\n')
})

test('a registry that throws synchronously causes a 500 too', async (context) => {
  const registry = {
    contentType: 'text/plain',
    registerMetric() {},
    metrics(): Promise<string> {
      throw new Error('secret')
    },
  }
  const response = await fetch(`${await serve(context, metricsHandler({ registry }))}/metrics`)
  assert.equal(response.status, 500)
  assert.doesNotMatch(await response.text(), /secret/)
})

async function failing(): Promise<string> {
  throw new Error('a secret path: /etc/shadow')
}
