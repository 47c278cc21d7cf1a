import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import compress from '@fastify/compress'
import Fastify, { type FastifyInstance } from 'fastify'
import { Registry } from 'prom-client'
import { metricsPlugin } from '../../src/fastify/metrics-plugin.js'
import { EngineAggregator } from '../../src/index.js'
import { failure } from '../support/assertions/failures.js'
import { MIB } from '../support/assertions/memory.js'
import { reportBytes } from '../support/generators/reports.js'
import { ask } from '../support/processes/ask.js'
import { openClient, parseResponses } from '../support/processes/raw-client.js'
import { numberedLines, textSource } from '../support/processes/text-source.js'
import { waitUntil } from '../support/processes/wait-until.js'

const TEXT = numberedLines(100_000)
const GZIP = { 'accept-encoding': 'gzip' }
/** More bytes than the buffers of both ends of a connection hold. */
const LARGE = numberedLines(24 * MIB)
/** Milliseconds between the disconnections of clients. */
const LEAVE_MS = 5
/** Longer than a request takes on a busy machine. */
const STALL_MS = 1_000
const GET = 'GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n'
const LAST_GET = 'GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'

function newApp(context: TestContext): FastifyInstance {
  const app = Fastify()
  context.after(() => app.close())
  return app
}

async function listening(app: FastifyInstance): Promise<string> {
  return app.listen({ port: 0, host: '127.0.0.1' })
}

test('an aggregator’s metrics and the health check are served by default', async (context) => {
  const aggregator = new EngineAggregator()
  context.after(() => aggregator.close())
  aggregator.ingest(reportBytes({ engine: 0 }))
  const app = newApp(context)
  app.register(metricsPlugin, { aggregator })
  const url = await listening(app)
  const metrics = await ask(`${url}/metrics`)
  assert.equal(metrics.status, 200)
  assert.equal(metrics.headers['content-type'], aggregator.registry.contentType)
  assert.equal(metrics.headers['content-length'], String(metrics.body.length))
  assert.equal(metrics.headers['cache-control'], 'no-store')
  assert.equal(metrics.body.toString(), await aggregator.registry.metrics())
  const health = await ask(`${url}/healthz`)
  assert.deepEqual([health.status, health.body.toString()], [200, 'ok\n'])
})

test('metrics are compressed if the request accepts it, and HEAD has the headers of GET', async (context) => {
  const app = newApp(context)
  app.register(metricsPlugin, { aggregator: textSource(() => TEXT) })
  const url = await listening(app)
  for (const [accept, encoding] of [
    [{}, undefined],
    [GZIP, 'gzip'],
  ] as const) {
    const [get, head] = [
      await ask(`${url}/metrics`, accept),
      await ask(`${url}/metrics`, accept, 'HEAD'),
    ]
    assert.equal(get.headers['content-encoding'], encoding)
    assert.equal(get.headers.vary, 'Accept, Accept-Encoding')
    assert.equal(String(encoding ? gunzipSync(get.body) : get.body), TEXT)
    for (const name of ['content-encoding', 'content-length', 'content-type', 'vary']) {
      assert.equal(head.headers[name], get.headers[name], `${name} of HEAD`)
    }
    assert.deepEqual([head.status, head.body.length], [200, 0])
  }
})

test('paths are those of the options, below the prefix', async (context) => {
  const aggregator = textSource(() => TEXT)
  const app = newApp(context)
  app.register(metricsPlugin, { aggregator, prefix: '/internal' })
  app.register(metricsPlugin, { aggregator, path: '/m', healthPath: '/live' })
  app.register(metricsPlugin, { aggregator, prefix: '/stats', path: '/', healthPath: false })
  for (const [path, status] of [
    ['/internal/metrics', 200],
    ['/internal/metrics?name=x', 200],
    ['/internal/healthz', 200],
    ['/internal', 404],
    ['/m', 200],
    ['/live', 200],
    ['/stats', 200],
    ['/stats/', 200],
    ['/stats/healthz', 404],
    ['/metrics', 404],
    ['/healthz', 404],
  ] as const) {
    assert.equal((await app.inject(path)).statusCode, status, path)
  }
})

test('requests get the format that they accept, among those of the options', async (context) => {
  const registry = new Registry()
  const app = newApp(context)
  app.register(metricsPlugin, { aggregator: { registry } })
  app.register(metricsPlugin, { aggregator: { registry }, formats: ['text'], prefix: '/text' })
  const headers = { accept: 'application/openmetrics-text' }
  const typeOf = async (url: string) => (await app.inject({ url, headers })).headers['content-type']
  assert.equal(await typeOf('/metrics'), Registry.OPENMETRICS_CONTENT_TYPE)
  assert.equal(await typeOf('/text/metrics'), Registry.PROMETHEUS_CONTENT_TYPE)
})

test('other methods are passed to Fastify', async (context) => {
  const app = newApp(context)
  app.register(metricsPlugin, { aggregator: textSource(() => TEXT) })
  app.post('/metrics', async () => 'posted')
  assert.equal((await app.inject({ method: 'POST', url: '/metrics' })).body, 'posted')
  assert.equal((await app.inject({ method: 'PUT', url: '/metrics' })).statusCode, 404)
})

test('credentials are required for the metrics and not for the health check', async (context) => {
  const app = newApp(context)
  app.register(metricsPlugin, { aggregator: textSource(() => TEXT), bearerToken: 'secret' })
  const refused = await app.inject('/metrics')
  assert.equal(refused.statusCode, 401)
  assert.deepEqual(refused.headers['www-authenticate'], ['Bearer realm="moonmeter"'])
  const headers = { authorization: 'Bearer secret' }
  assert.equal((await app.inject({ url: '/metrics', headers })).body, TEXT)
  assert.equal((await app.inject('/healthz')).statusCode, 200)
})

test('hooks run, and headers that they set remain', async (context) => {
  const app = newApp(context)
  const ran: string[] = []
  app.addHook('onRequest', async (request, reply) => {
    ran.push('onRequest')
    reply.header('vary', 'Origin').header('x-frame-options', 'DENY')
    if (request.headers.cookie === undefined) reply.code(403).send('no cookie')
  })
  app.addHook('onSend', async () => void ran.push('onSend'))
  app.addHook('onResponse', async () => void ran.push('onResponse'))
  app.register(metricsPlugin, { aggregator: textSource(() => TEXT) })
  assert.equal((await app.inject('/metrics')).statusCode, 403)
  ran.length = 0
  const { headers, body } = await app.inject({ url: '/metrics', headers: { cookie: 'a=b' } })
  assert.equal(body, TEXT)
  assert.equal(headers.vary, 'Origin, Accept, Accept-Encoding')
  assert.equal(headers['x-frame-options'], 'DENY')
  await waitUntil('the last hook', () => ran.length === 3)
  assert.deepEqual(ran, ['onRequest', 'onSend', 'onResponse'])
})

test('the plugin is encapsulated: hooks of its context are not those of others', async (context) => {
  const app = newApp(context)
  let asked = 0
  app.register(async (scope) => {
    scope.addHook('onRequest', async () => void asked++)
    await scope.register(metricsPlugin, { aggregator: textSource(() => TEXT), prefix: '/a' })
  })
  app.register(metricsPlugin, { aggregator: textSource(() => TEXT), prefix: '/b' })
  await app.inject('/a/metrics')
  await app.inject('/b/metrics')
  assert.equal(asked, 1)
})

test('with @fastify/compress, metrics are compressed once', async (context) => {
  for (const compression of [true, false]) {
    const app = newApp(context)
    await app.register(compress)
    app.register(metricsPlugin, { aggregator: textSource(() => LARGE), compression })
    const { headers, body } = await ask(`${await listening(app)}/metrics`, GZIP)
    assert.equal(headers['content-encoding'], 'gzip')
    assert.equal(headers['transfer-encoding'], compression ? undefined : 'chunked')
    assert.equal(gunzipSync(body).toString(), LARGE)
  }
})

test('a registry that fails causes a 500 without internal details, and onError gets the cause', async (context) => {
  const errors: unknown[] = []
  const app = newApp(context)
  app.register(metricsPlugin, {
    aggregator: textSource(() => Promise.reject(new Error('a secret'))),
    onError: (error) => errors.push(error),
  })
  const { statusCode, body } = await app.inject('/metrics')
  assert.equal(statusCode, 500)
  assert.equal(body, 'internal error: the metrics could not be rendered\n')
  assert.equal(String(errors[0]), 'Error: a secret')
})

test('a client that does not read is closed after the limit and no longer counts', async (context) => {
  const app = newApp(context)
  const aggregator = textSource(() => LARGE)
  app.register(metricsPlugin, { aggregator, responsesMax: 1, stallTimeoutMs: STALL_MS })
  const url = await listening(app)
  const client = openClient(context, url)
  client.socket.pause()
  client.socket.write(GET)
  await waitUntil('a rendering', () => aggregator.renderings === 1)
  assert.equal((await ask(`${url}/metrics`)).status, 503)
  const whole = await waitUntil('a scrape', async () => {
    // On a busy machine, this response may also exceed the limit.
    const answer = await ask(`${url}/metrics`).catch(() => undefined)
    return answer?.status === 200 && answer.body
  })
  assert.equal(whole.toString(), LARGE)
})

test('clients that disconnect at any time no longer count, and pipelined scrapes are complete', async (context) => {
  const app = newApp(context)
  const aggregator = textSource(() => LARGE)
  app.register(metricsPlugin, { aggregator, responsesMax: 3 })
  const url = await listening(app)
  for (let left = 0; left < 6; left++) {
    const { socket } = openClient(context, url)
    socket.write(GET.repeat(3))
    await sleep(LEAVE_MS * left)
    socket.destroy()
  }
  const responses = await waitUntil('three scrapes', async () => {
    const client = openClient(context, url)
    client.socket.write(GET.repeat(2) + LAST_GET)
    const all = parseResponses(await client.closed)
    return all.every(({ status }) => status === 200) && all
  })
  assert.equal(responses.length, 3)
  for (const { body } of responses) assert.ok(body.equals(Buffer.from(LARGE)))
})

test('nothing is sent to a client that disconnected during the rendering', async (context) => {
  const app = newApp(context)
  const finish: ((text: string) => void)[] = []
  const aggregator = textSource(() => new Promise((resolve) => finish.push(resolve)))
  let [sent, ended] = [0, 0]
  app.addHook('onSend', async () => void sent++)
  app.addHook('onRequestAbort', async (_request) => void ended++)
  app.register(metricsPlugin, { aggregator })
  const client = openClient(context, await listening(app))
  client.socket.write(GET)
  await waitUntil('the rendering', () => finish.length === 1)
  client.socket.destroy()
  await waitUntil('the end of the request', () => ended === 1)
  finish[0](TEXT)
  const next = app.inject('/metrics')
  await waitUntil('the next rendering', () => finish.length === 2)
  finish[1](TEXT)
  assert.equal((await next).body, TEXT)
  assert.equal(sent, 1)
})

test('errors of the options are thrown by app.ready()', async (context) => {
  const aggregator = textSource(() => TEXT)
  for (const options of [
    {},
    { aggregator: {} },
    { aggregator, path: 'metrics' },
    { aggregator, paths: '/m' },
    { aggregator, bearerToken: '' },
    { aggregator, compression: 'gzip' },
  ]) {
    const app = newApp(context)
    app.register(metricsPlugin, options as never)
    await assert.rejects(Promise.resolve(app.ready()), failure('INVALID_OPTION'))
  }
})

test('fastify is not loaded by the plugin', async () => {
  const file = new URL('../../src/fastify/metrics-plugin.js', import.meta.url)
  assert.doesNotMatch(await readFile(file, 'utf8'), /from 'fastify'/)
})
