import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import zlib from 'node:zlib'
import type { DashboardOptions } from '../../src/dashboard/dashboard-options.js'
import { dashboardHandler } from '../../src/dashboard/index.js'
import { EngineAggregator } from '../../src/index.js'
import { failure } from '../support/assertions/failures.js'
import { ask } from '../support/processes/ask.js'
import { makeDashboard, PAGE } from '../support/processes/dashboards.js'
import { openClient, parseResponses } from '../support/processes/raw-client.js'
import { serve } from '../support/processes/servers.js'

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
  "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
} as const

async function start(context: TestContext, options: DashboardOptions = {}, page = PAGE) {
  const { handler } = await makeDashboard(context, options, page)
  return serve(context, handler)
}

for (const [path, [name, type]] of Object.entries(FILES)) {
  test(`${path} is ${name}, for GET and HEAD, with headers that forbid other content`, async (context) => {
    const url = await start(context)
    const text = PAGE[name] ?? ''
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, body } = await ask(`${url}${path}?theme=dark`, {}, method)
      assert.equal(status, 200)
      assert.equal(body.toString(), method === 'GET' ? text : '')
      assert.equal(headers['content-type'], type)
      assert.equal(headers['content-length'], String(text.length))
      assert.equal(headers['content-security-policy'], POLICY)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['referrer-policy'], 'no-referrer')
      assert.equal(headers['cache-control'], 'no-cache')
      assert.equal(headers.vary, 'Accept-Encoding')
    }
  })
}

test('a client that has a file gets status 304 without a body, even if a proxy changed the tag', async (context) => {
  const url = await start(context)
  const { headers } = await ask(`${url}/page.js`)
  const etag = headers.etag ?? ''
  assert.match(etag, /^W\/"[\w-]+"$/)
  const strong = etag.slice(2)
  for (const given of [etag, strong, `"x", ${etag}`, `"x",${strong} , W/"y"`, '*']) {
    const known = await ask(`${url}/page.js`, { 'if-none-match': given })
    assert.deepEqual([known.status, known.body.length], [304, 0], given)
    assert.equal(known.headers.etag, etag)
    assert.equal(known.headers['content-length'], undefined)
    assert.equal(known.headers['content-security-policy'], POLICY)
  }
  for (const given of ['"x"', strong.slice(0, -2), '']) {
    assert.equal((await ask(`${url}/page.js`, { 'if-none-match': given })).status, 200, given)
  }
  assert.notEqual((await ask(`${url}/`)).headers.etag, etag)
})

test('after a 304, the connection serves the next request', async (context) => {
  const url = await start(context)
  const { headers } = await ask(`${url}/page.css`)
  const client = openClient(context, url)
  const known = `GET /page.css HTTP/1.1\r\nhost: a\r\nif-none-match: ${headers.etag}\r\n\r\n`
  client.socket.write(`${known}GET /page.css HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
  const responses = parseResponses(await client.closed)
  assert.deepEqual(
    responses.map(({ status, body }) => [status, body.toString()]),
    [
      [304, ''],
      [200, PAGE['page.css']],
    ],
  )
})

test('files are compressed if the request accepts it', async (context) => {
  const url = await start(context)
  for (let count = 0; count < 2; count++) {
    const { headers, body } = await ask(`${url}/`, { 'accept-encoding': 'gzip' })
    assert.equal(headers['content-encoding'], 'gzip')
    assert.equal(headers['content-length'], String(body.length))
    assert.equal(zlib.gunzipSync(body).toString(), PAGE['index.html'])
  }
  const none = await start(context, { compression: false })
  const { headers } = await ask(`${none}/`, { 'accept-encoding': 'gzip' })
  assert.deepEqual([headers['content-encoding'], headers.vary], [undefined, undefined])
})

test('other paths are not found, and other methods not allowed', async (context) => {
  const url = await start(context)
  for (const path of ['/x', '/index.html', '/page.js/x', '//', '/live/x', '/page.js%00']) {
    const { status, body } = await ask(url + path)
    assert.deepEqual([status, body.toString()], [404, 'not found: expected /\n'], path)
  }
  for (const path of ['/', '/page.js', '/live']) {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await ask(url + path, {}, method)
      assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'], `${method} ${path}`)
    }
  }
})

test('the page below a path is redirected to the path with a slash, relative to the request', async (context) => {
  const url = await start(context, { pagePath: '/internal/dash' })
  for (const [path, location] of [
    ['/internal/dash', './dash/'],
    ['/internal/dash?a=1?b', './dash/?a=1?b'],
  ] as const) {
    const { status, headers } = await ask(url + path)
    assert.deepEqual([status, headers.location], [308, location], path)
    assert.equal(new URL(location, url + path).pathname, '/internal/dash/')
  }
  assert.equal((await ask(`${url}/internal/dash/`)).status, 200)
  assert.equal((await ask(`${url}/internal/dash/page.js`)).status, 200)
  assert.match((await ask(`${url}/`)).body.toString(), /expected \/internal\/dash\/\n/)
})

test('requests in absolute form are those of their path', async (context) => {
  for (const [options, target, expected] of [
    [{}, 'http://example.com', /^HTTP\/1\.1 200 /],
    [{}, 'http://example.com/', /^HTTP\/1\.1 200 /],
    [{ pagePath: '/d' }, 'http://example.com/d?x', /\r\nLocation: \.\/d\/\?x\r\n/],
  ] as const) {
    const url = await start(context, options)
    const client = openClient(context, url)
    client.socket.write(`GET ${target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
    assert.match((await client.closed).toString(), expected, target)
  }
})

test('bodies of requests are discarded, and the response is complete', async (context) => {
  const url = await start(context)
  const client = openClient(context, url)
  const body = 'x'.repeat(200_000)
  client.socket.write(`GET / HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  const [response] = parseResponses(await client.closed)
  assert.deepEqual([response?.status, response?.body.toString()], [200, PAGE['index.html']])
})

test('a missing file has status 500, calls onError, and is read once it exists', async (context) => {
  const errors: unknown[] = []
  const onError = (error: unknown) => {
    errors.push(error)
    throw new Error('in the function of the user')
  }
  const url = await start(context, { onError }, { 'page.js': 'x' })
  for (let count = 1; count <= 2; count++) {
    const { status, body } = await ask(`${url}/`)
    assert.equal(status, 500)
    assert.equal(body.toString(), 'internal error: a file of the page could not be read\n')
    assert.equal(String(errors[count - 1]), 'Error: no file index.html')
  }
  assert.equal((await ask(`${url}/page.js`)).status, 200)
})

test('a request that other code has already answered is closed, and onError is called', async (context) => {
  const errors: unknown[] = []
  const { handler } = await makeDashboard(context, { onError: (error) => errors.push(error) })
  const url = await serve(context, (request, response) => {
    response.write('begun')
    handler(request, response)
  })
  for (const path of ['/', '/live']) await assert.rejects(ask(url + path), path)
  assert.equal(errors.length, 2)
  assert.equal((errors[0] as NodeJS.ErrnoException).code, 'ERR_HTTP_HEADERS_SENT')
})

test('options that are unknown, out of range or of another type are invalid', async () => {
  const aggregator = new EngineAggregator()
  const invalid = failure('INVALID_OPTION')
  for (const options of [
    { pagePath: 'dash' },
    { pagePath: '/a?b' },
    { pagePath: 1 },
    { pagePath: '*' },
    { streamsMax: 0 },
    { streamsMax: 1.5 },
    { streamsMax: '1' },
    { historyBytesMax: 1 },
    { historyBytesMax: Number.POSITIVE_INFINITY },
    { stallTimeoutMs: 0 },
    { bearerToken: '' },
    { onError: 1 },
    { compression: ['br'] },
    { streamMax: 1 },
    { path: 'x' },
    null,
    1,
  ] as object[]) {
    assert.throws(() => dashboardHandler(aggregator, options), invalid, JSON.stringify(options))
  }
  for (const other of [undefined, null, {}, { registry: aggregator.registry }, EngineAggregator]) {
    assert.throws(() => dashboardHandler(other as never), invalid)
  }
  await aggregator.close()
})

test('the metrics and the page can share one object of options', async () => {
  const aggregator = new EngineAggregator()
  const options: DashboardOptions = {
    path: '/m',
    healthPath: false,
    formats: ['text'],
    bearerToken: 'x',
    responsesMax: 1,
    pagePath: '/',
    streamsMax: 1,
    historyBytesMax: 2 ** 20,
    stallTimeoutMs: 1,
  }
  assert.equal(typeof dashboardHandler(aggregator, options), 'function')
  await aggregator.close()
})
