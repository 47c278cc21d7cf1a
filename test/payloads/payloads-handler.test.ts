import assert from 'node:assert/strict'
import { type OutgoingHttpHeaders, request } from 'node:http'
import { type TestContext, test } from 'node:test'
import connect from 'connect'
import express from 'express'
import Fastify from 'fastify'
import { EngineAggregator, listen, type ListenOptions } from '../../src/index.js'
import {
  type PayloadReceiver,
  payloadReceiver,
  payloadsHandler,
  type PayloadsHandlerOptions,
} from '../../src/payloads/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { failure } from '../support/assertions/failures.js'
import { openClient, parseResponses } from '../support/processes/raw-client.js'
import { serve } from '../support/processes/servers.js'
import { waitUntil } from '../support/processes/wait-until.js'

const TOKEN = 'secret'
const PATH = '/v1/payloads/3'
const BYTES_MAX = 1_000
const PAYLOAD = pack({ load_get: [{ duration_seconds: 0.5, num_keys: 3 }] })
const HEADERS = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/msgpack' }

interface Posted {
  readonly status: number
  readonly headers: Headers
  readonly answer: Readonly<Record<string, unknown>>
}

async function start(
  context: TestContext,
  options: Partial<PayloadsHandlerOptions> = {},
  listening: ListenOptions = {},
) {
  const aggregator = new EngineAggregator({ payloadBytesMax: BYTES_MAX })
  const receiver = payloadReceiver(aggregator)
  const next = payloadsHandler(receiver, { bearerToken: TOKEN, ...options })
  const server = await listen(aggregator, { port: 0, next, ...listening })
  context.after(() => server.close())
  context.after(() => aggregator.close())
  return { aggregator, receiver, url: server.url, rows: () => aggregator.snapshot().rows }
}

async function post(
  url: string,
  body: Uint8Array | ReadableStream = PAYLOAD,
  headers: Readonly<Record<string, string>> = {},
): Promise<Posted> {
  const init = { method: 'POST', body, headers: { ...HEADERS, ...headers }, duplex: 'half' }
  const response = await fetch(url, init as RequestInit)
  const text = await response.text()
  const isJson = response.headers.get('content-type') === 'application/json'
  const answer = isJson ? JSON.parse(text) : { text }
  return { status: response.status, headers: response.headers, answer }
}

/** A body whose second half follows after something else. */
async function* halves(bytes: Uint8Array, between: Promise<void>): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, bytes.length / 2)
  await between
  yield bytes.subarray(bytes.length / 2)
}

/** The head of a raw request. */
function headOf(headers: OutgoingHttpHeaders): string {
  const lines = Object.entries({ host: 'a', ...HEADERS, ...headers })
  return `POST ${PATH} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

test('a payload is counted for its engine and instance, once for each key', async (context) => {
  const { url, aggregator } = await start(context)
  const where = `${url}${PATH}?instance=${encodeURIComponent('host é:1')}`
  const key = { 'idempotency-key': 'k' }
  const first = await post(where, PAYLOAD, key)
  assert.deepEqual([first.status, first.answer], [200, { accepted: true, repeated: false }])
  assert.equal(first.headers.get('cache-control'), 'no-store')
  const second = await post(where, PAYLOAD, key)
  assert.deepEqual([second.status, second.answer], [200, { accepted: true, repeated: true }])
  const other = pack({ load_get: [{ duration_seconds: 0.25, num_keys: 3 }] })
  const third = await post(where, other, key)
  assert.deepEqual([third.status, third.answer.reason], [422, 'duplicate'])
  assert.match(`${third.answer.message}`, /expected another idempotency key/)
  for (const type of ['application/x-msgpack', 'Application/vnd.MsgPack; charset=x']) {
    assert.equal((await post(`${url}${PATH}/`, PAYLOAD, { 'content-type': type })).status, 200)
  }
  assert.deepEqual(
    aggregator.snapshot().sources.map(({ instance, engine, health }) => {
      return [instance, engine, health.rows]
    }),
    [
      [undefined, 3, 2],
      ['host é:1', 3, 1],
    ],
  )
})

test('a body without a length is read to its end', async (context) => {
  const { url, rows } = await start(context)
  const body = new ReadableStream({
    start(controller) {
      for (const byte of PAYLOAD) controller.enqueue(Uint8Array.of(byte))
      controller.close()
    },
  })
  assert.equal((await post(`${url}${PATH}`, body)).status, 200)
  assert.equal(rows(), 1)
})

test('an invalid payload is rejected with its reason, counted as rejected, and changes no series', async (context) => {
  const { url, aggregator } = await start(context)
  const rejected: readonly (readonly [string, Uint8Array, number, string])[] = [
    ['', new Uint8Array(), 400, 'truncated'],
    ['', Buffer.from('text'), 400, 'malformed'],
    ['', pack({ load_get: [{ duration_seconds: 'x', num_keys: 3 }] }), 400, 'type'],
    ['?instance=', PAYLOAD, 400, 'engine'],
    ['?instance=a&instance=b', PAYLOAD, 400, 'engine'],
    [`?instance=${'x'.repeat(256)}`, PAYLOAD, 400, 'engine'],
    ['', new Uint8Array(BYTES_MAX + 1), 413, 'oversized'],
  ]
  for (const [query, body, status, reason] of rejected) {
    const posted = await post(`${url}${PATH}${query}`, body)
    assert.deepEqual([posted.status, posted.answer.reason], [status, reason], query)
    assert.match(String(posted.answer.message), /^payload: expected .*, got .*/)
    assert.equal(posted.answer.accepted, false)
  }
  // A body without a length, which does not end.
  const { socket, received } = openClient(context, url)
  const chunk = `258\r\n${'x'.repeat(600)}\r\n`
  socket.write(headOf({ 'transfer-encoding': 'chunked' }) + chunk + chunk)
  await waitUntil('a response', () => parseResponses(received()).length === 1)
  assert.match(String(received()), /^HTTP\/1.1 413 .*"reason":"oversized"/s)
  const { sources, rejections } = aggregator.snapshot()
  assert.equal(sources.length, 0)
  const count = Object.values(rejections).reduce((sum, one) => sum + one, 0)
  assert.deepEqual([count, rejections.oversized, rejections.engine], [rejected.length + 1, 2, 3])
})

test('requests without a payload get the status for the reason', async (context) => {
  const { url, aggregator } = await start(context)
  const wrong = { authorization: 'Bearer wrong' }
  const unauthorized = await post(`${url}${PATH}`, PAYLOAD, wrong)
  assert.equal(unauthorized.status, 401)
  assert.equal(unauthorized.headers.get('www-authenticate'), 'Bearer realm="moonmeter"')
  for (const method of ['GET', 'PUT', 'OPTIONS']) {
    const response = await fetch(`${url}${PATH}`, { method, headers: HEADERS })
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'POST'], method)
  }
  for (const path of [
    '/v1/payloads',
    '/v1/payloads/',
    '/v1/payloads/x',
    '/v1/payloads/03',
    '/v1',
  ]) {
    const response = await post(url + path)
    assert.equal(response.status, 404, path)
    // `listen` answers requests of other paths.
    if (path === '/v1') continue
    assert.match(`${response.answer.text}`, /^not found: expected \/v1\/payloads\/ENGINE, such as/)
  }
  for (const headers of [
    { 'content-type': 'application/json' },
    { 'content-type': '' },
    { 'content-encoding': 'gzip' },
  ]) {
    const refused = await post(`${url}${PATH}`, PAYLOAD, headers)
    assert.equal(refused.status, 415)
    assert.match(refused.headers.get('accept-post') ?? '', /^application\/msgpack, /)
  }
  assert.equal(aggregator.snapshot().sources.length, 0)
})

test('a busy receiver sends the time of a retry, and a failing one does not send its error', async (context) => {
  const errors: unknown[] = []
  const busy = {
    kind: 'busy',
    cause: 'there is no connection to the NATS server',
    retryAfterMs: 1_500,
  } as const
  const receiver = {
    payloadBytesMax: BYTES_MAX,
    receive: async () => busy,
    reject: () => busy,
  }
  const handle = (each: PayloadReceiver) =>
    payloadsHandler(each, { bearerToken: TOKEN, onError: (error) => errors.push(error) })
  const url = await serve(context, handle(receiver))
  const posted = await post(`${url}${PATH}`)
  assert.deepEqual([posted.status, posted.headers.get('retry-after')], [503, '2'])
  const message = 'there is no connection to the NATS server'
  const expected = { accepted: false, reason: 'busy', message, retry_after_seconds: 2 }
  assert.deepEqual(posted.answer, expected)
  const cause = new Error('secret')
  const failing = await serve(
    context,
    handle({ ...receiver, receive: () => Promise.reject(cause) }),
  )
  const failed = await post(`${failing}${PATH}`)
  assert.equal(failed.status, 500)
  assert.doesNotMatch(JSON.stringify(failed.answer), /secret/)
  assert.deepEqual(errors, [cause])
})

test('a connection is kept after a payload', async (context) => {
  const { url, rows } = await start(context)
  const { socket, received } = openClient(context, url)
  for (let count = 1; count <= 3; count++) {
    socket.write(headOf({ 'content-length': PAYLOAD.length }))
    socket.write(PAYLOAD)
    await waitUntil('a response', () => parseResponses(received()).length === count)
  }
  assert.deepEqual(
    parseResponses(received()).map(({ status }) => status),
    [200, 200, 200],
  )
  assert.equal(rows(), 3)
})

test('a limited number of bodies is read at a time, and other requests get 503', async (context) => {
  const { url, rows } = await start(context, { bodiesMax: 2 })
  const slow = [1, 2].map(() => openClient(context, url))
  for (const { socket, received } of slow) {
    socket.write(headOf({ 'content-length': PAYLOAD.length, expect: '100-continue' }))
    await waitUntil('100', () => received().includes('100 Continue'))
  }
  const refused = await post(`${url}${PATH}`)
  assert.deepEqual([refused.status, refused.answer.reason], [503, 'busy'])
  for (const { socket, received } of slow) {
    socket.write(PAYLOAD)
    await waitUntil('a response', () => received().includes('HTTP/1.1 200 OK'))
  }
  assert.equal((await post(`${url}${PATH}`)).status, 200)
  assert.equal(rows(), 3)
})

test('an unfinished body is given up after a timeout', async (context) => {
  const { url, rows } = await start(context, { bodyTimeoutMs: 100 })
  const { socket, closed } = openClient(context, url)
  socket.write(headOf({ 'content-length': PAYLOAD.length }))
  socket.write(PAYLOAD.subarray(0, 5))
  assert.match(String(await closed), /^HTTP\/1.1 408 .*within 100 ms\n$/s)
  assert.equal(rows(), 0)
})

test('a client that disconnects during its body frees its place', async (context) => {
  const { url, rows } = await start(context, { bodiesMax: 1, bodyTimeoutMs: 120_000 })
  const { socket, received } = openClient(context, url)
  socket.write(headOf({ 'content-length': PAYLOAD.length, expect: '100-continue' }))
  await waitUntil('100', () => received().includes('100 Continue'))
  socket.destroy()
  await waitUntil('room', async () => (await post(`${url}${PATH}`)).status === 200)
  assert.equal(rows(), 1)
})

test('a body is neither requested nor read before the request is checked', async (context) => {
  const { url, rows } = await start(context)
  for (const [headers, status] of [
    [{ authorization: 'Bearer wrong' }, 401],
    [{ 'content-type': 'text/plain' }, 415],
    [{ 'content-length': BYTES_MAX + 1 }, 413],
  ] as const) {
    const { socket, received, closed } = openClient(context, url)
    const length = { 'content-length': PAYLOAD.length, expect: '100-continue' }
    socket.write(headOf({ ...length, ...headers }))
    await waitUntil('a response', () => parseResponses(received()).length === 1)
    socket.end()
    assert.deepEqual(
      parseResponses(await closed).map((response) => response.status),
      [status],
    )
  }
  const { socket, received } = openClient(context, url)
  socket.write(headOf({ 'content-length': PAYLOAD.length, expect: '100-continue' }))
  await waitUntil('100', () => received().includes('100 Continue'))
  assert.equal(rows(), 0)
  socket.write(PAYLOAD)
  await waitUntil('a response', () => received().includes('HTTP/1.1 200 OK'))
  assert.equal(rows(), 1)
})

test('a server of node:http requests each body, and the payload is counted', async (context) => {
  const aggregator = new EngineAggregator()
  const handler = payloadsHandler(payloadReceiver(aggregator), { bearerToken: TOKEN })
  const url = await serve(context, handler)
  const status = await new Promise((resolve, reject) => {
    const headers = { ...HEADERS, expect: '100-continue', 'content-length': PAYLOAD.length }
    const sending = request(`${url}${PATH}`, { method: 'POST', headers, agent: false })
    sending.on('continue', () => sending.end(PAYLOAD))
    sending.on('response', (response) => resolve(response.resume().statusCode))
    sending.on('error', reject)
    sending.flushHeaders()
  })
  assert.deepEqual([status, aggregator.snapshot().rows], [200, 1])
  await aggregator.close()
})

test('it can be mounted in Express, before and after a middleware that reads bodies', async (context) => {
  const aggregator = new EngineAggregator()
  context.after(() => aggregator.close())
  const errors: unknown[] = []
  const handler = payloadsHandler(payloadReceiver(aggregator), {
    basicAuth: { username: 'vllm', password: 'p' },
    onError: (error) => errors.push(error),
  })
  const app = express()
  app.use('/first', handler)
  app.use('/v1/payloads', handler)
  app.use('/raw', express.raw({ type: 'application/msgpack' }), handler)
  const swallow = express.text({ type: 'application/msgpack' })
  app.use('/swallowed', swallow, handler)
  const url = await serve(context, app)
  const authorization = `Basic ${Buffer.from('vllm:p').toString('base64')}`
  const send = (path: string) => post(`${url}${path}?instance=a`, PAYLOAD, { authorization })
  for (const path of [`/first${PATH}`, PATH, `/raw${PATH}`]) {
    assert.equal((await send(path)).status, 200, path)
  }
  assert.equal(aggregator.snapshot().rows, 3)
  assert.equal(aggregator.snapshot().sources[0]?.instance, 'a')
  assert.equal((await send(`/swallowed${PATH}`)).status, 500)
  assert.match(String(errors), /mount the handler before it/)
  assert.equal((await send('/other')).status, 404)
})

test('it can be mounted in connect, at the root and below a prefix', async (context) => {
  const aggregator = new EngineAggregator()
  context.after(() => aggregator.close())
  const handler = payloadsHandler(payloadReceiver(aggregator), { bearerToken: TOKEN })
  const app = connect()
  app.use('/v1/payloads', handler)
  app.use('/first', handler)
  app.use(handler)
  const url = await serve(context, app)
  for (const path of [PATH, `/first${PATH}`]) {
    assert.equal((await post(`${url}${path}?instance=a`)).status, 200, path)
  }
  assert.equal((await post(`${url}/other`)).status, 404)
  assert.deepEqual(
    aggregator.snapshot().sources.map(({ instance, health }) => [instance, health.rows]),
    [['a', 2]],
  )
})

test('missing credentials and unknown options are rejected', () => {
  const receiver = payloadReceiver(new EngineAggregator())
  const bearerToken = TOKEN
  const refused: readonly (readonly [unknown, object])[] = [
    [receiver, {}],
    [receiver, { bearerToken: '' }],
    [receiver, { bearerToken, bodiesMax: 0 }],
    [receiver, { bearerToken, bodyTimeoutMs: 0 }],
    [receiver, { bearerToken, path: 'v1' }],
    [receiver, { bearerToken, onError: 1 }],
    [receiver, { bearerToken, healthPath: '/' }],
    [{}, { bearerToken }],
    [undefined, { bearerToken }],
  ]
  for (const [given, options] of refused) {
    assert.throws(
      () => payloadsHandler(given as PayloadReceiver, options as PayloadsHandlerOptions),
      failure('INVALID_OPTION'),
      JSON.stringify(options),
    )
  }
})

test('a body that a middleware reads in part, or leaves no bytes of, is not counted, which is said', async (context) => {
  const aggregator = new EngineAggregator()
  context.after(() => aggregator.close())
  const errors: unknown[] = []
  const handler = payloadsHandler(payloadReceiver(aggregator), {
    bearerToken: TOKEN,
    onError: (error) => errors.push(error),
  })
  let handled = () => {}
  const isHandled = new Promise<void>((resolve) => {
    handled = resolve
  })
  const url = await serve(context, (request, response) => {
    request.once('data', () => {
      handler(request, response)
      handled()
    })
  })
  const { status, answer } = await post(url + PATH, ReadableStream.from(halves(PAYLOAD, isHandled)))
  const text =
    'internal error: the payload is not counted: other code of the server read its body\n'
  assert.deepEqual([status, answer], [500, { text }])
  assert.match(String(errors), /expected a body, got one that a middleware has read/)
  assert.equal(aggregator.snapshot().rows, 0)
})

test('it can be mounted where writeHead returns nothing, as in Restify', async (context) => {
  const aggregator = new EngineAggregator()
  context.after(() => aggregator.close())
  const handler = payloadsHandler(payloadReceiver(aggregator), { bearerToken: TOKEN })
  const url = await serve(context, (request, response) => {
    const { writeHead } = response
    response.writeHead = (...args: unknown[]) =>
      void Reflect.apply(writeHead, response, args) as never
    handler(request, response)
  })
  assert.equal((await post(url + PATH)).status, 200)
  assert.equal(aggregator.snapshot().rows, 1)
})

test('it can be mounted in Fastify, and answers requests that a test injects', async (context) => {
  const aggregator = new EngineAggregator()
  context.after(() => aggregator.close())
  const handler = payloadsHandler(payloadReceiver(aggregator), { bearerToken: TOKEN })
  const app = Fastify()
  context.after(() => app.close())
  app.addContentTypeParser('application/msgpack', (_request, _body, done) => done(null))
  app.post('/v1/payloads/:engine', (request, reply) => {
    reply.hijack()
    handler(request.raw, reply.raw)
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  assert.equal((await post(url + PATH)).status, 200)
  const inject = async (headers: Readonly<Record<string, string>>) => {
    const payload = Buffer.from(PAYLOAD)
    const response = await app.inject({ method: 'POST', url: PATH, headers, payload })
    return [response.statusCode, response.body]
  }
  assert.deepEqual(await inject(HEADERS), [200, '{"accepted":true,"repeated":false}\n'])
  const [status] = await inject({ ...HEADERS, authorization: 'Bearer wrong' })
  assert.equal(status, 401)
  assert.equal(aggregator.snapshot().rows, 2)
})
