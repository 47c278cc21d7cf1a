import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import zlib from 'node:zlib'
import { type MetricsHandlerOptions, metricsHandler } from '../../src/index.js'
import { MIB } from '../support/assertions/memory.js'
import { type Answer, ask } from '../support/processes/ask.js'
import { openClient, parseResponses } from '../support/processes/raw-client.js'
import { serve } from '../support/processes/servers.js'
import { numberedLines, textSource } from '../support/processes/text-source.js'
import { waitUntil } from '../support/processes/wait-until.js'

const TEXT = numberedLines(100_000)
const HAS_ZSTD = 'createZstdCompress' in zlib
const GET_GZIP = 'GET /metrics HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n'
/** Ends the connection. */
const LAST_GET = 'GET /nowhere HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'

function serveText(
  context: TestContext,
  text: () => string | Promise<string> = () => TEXT,
  options: MetricsHandlerOptions = {},
): Promise<string> {
  return serve(context, metricsHandler(textSource(text), options))
}

/** The text of a response, decompressed as its header says. */
function textOf({ headers, body }: Answer): string {
  const encoding = headers['content-encoding']
  if (encoding === undefined) return body.toString()
  if (encoding === 'gzip') return zlib.gunzipSync(body).toString()
  assert.equal(encoding, 'zstd')
  const { zstdDecompressSync } = zlib as unknown as Record<string, (bytes: Buffer) => Buffer>
  return zstdDecompressSync(body).toString()
}

test('metrics are compressed with the preferred encoding, which is in the headers', async (context) => {
  const url = await serveText(context)
  for (const [header, expected] of [
    [undefined, undefined],
    ['identity', undefined],
    ['br', undefined],
    ['gzip;q=0', undefined],
    ['identity;q=0', undefined],
    ['gzip', 'gzip'],
    ['gzip;q=0.5, identity;q=0.1', 'gzip'],
    ['*', 'gzip'],
    ['zstd', HAS_ZSTD ? 'zstd' : undefined],
    ['zstd, gzip;q=0.5', HAS_ZSTD ? 'zstd' : 'gzip'],
  ] as const) {
    const headers = header === undefined ? {} : { 'accept-encoding': header }
    const answer = await ask(`${url}/metrics`, headers)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-encoding'], expected, header)
    assert.equal(answer.headers.vary, 'Accept, Accept-Encoding')
    assert.equal(answer.headers['content-length'], String(answer.body.length))
    assert.equal(textOf(answer), TEXT)
    if (expected !== undefined) assert.ok(answer.body.length < TEXT.length / 5)
    const head = await ask(`${url}/metrics`, headers, 'HEAD')
    for (const name of ['content-encoding', 'content-length', 'content-type', 'vary']) {
      assert.equal(head.headers[name], answer.headers[name], `${name} of HEAD, ${header}`)
    }
    assert.equal(head.body.length, 0)
  }
})

test('compression: false and a list of encodings are respected', async (context) => {
  const accept = { 'accept-encoding': 'zstd, gzip;q=0.5' }
  const plain = await ask(
    `${await serveText(context, undefined, { compression: false })}/metrics`,
    accept,
  )
  assert.equal(plain.headers['content-encoding'], undefined)
  assert.equal(plain.headers.vary, 'Accept')
  assert.equal(textOf(plain), TEXT)
  const url = await serveText(context, undefined, { compression: ['gzip'] })
  const listed = await ask(`${url}/metrics`, accept)
  assert.equal(listed.headers['content-encoding'], 'gzip')
  assert.equal(textOf(listed), TEXT)
})

test('only metrics are compressed, and small ones are not', async (context) => {
  const accept = { 'accept-encoding': 'gzip' }
  const url = await serveText(context, () => 'a 1\n')
  for (const [path, body] of [
    ['/metrics', 'a 1\n'],
    ['/healthz', 'ok\n'],
    ['/nowhere', 'not found: expected /metrics or /healthz\n'],
  ]) {
    const answer = await ask(url + path, accept)
    assert.equal(answer.headers['content-encoding'], undefined)
    assert.equal(answer.body.toString(), body)
  }
})

test('Vary is added to the value of a middleware', async (context) => {
  const handler = metricsHandler(textSource(() => TEXT))
  const url = await serve(context, (request, response) => {
    response.setHeader('Vary', 'Origin')
    handler(request, response)
  })
  const { headers } = await ask(`${url}/metrics`)
  assert.equal(headers.vary, 'Origin, Accept, Accept-Encoding')
})

test('all requests that wait for a rendering share one compression in each encoding', async (context) => {
  const source = textSource(() => TEXT)
  const url = await serve(context, metricsHandler(source))
  let compressors = 0
  const hook = createHook({
    init: (_id, type) => {
      if (type === 'ZLIB') compressors++
    },
  })
  const encodings = HAS_ZSTD ? ['gzip', 'zstd', 'identity'] : ['gzip', 'identity']
  // Pipelined, so that all of them arrive in one turn of the event loop.
  const requests = [...encodings, ...encodings, ...encodings].map((encoding) => {
    return GET_GZIP.replace('gzip', encoding)
  })
  const client = openClient(context, url)
  hook.enable()
  client.socket.write(
    `${requests.join('')}GET /last HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`,
  )
  const bytes = await client.closed
  hook.disable()
  assert.equal(bytes.toString('latin1').split('HTTP/1.1 200 OK\r\n').length - 1, requests.length)
  assert.equal(source.renderings, 1)
  assert.equal(compressors, encodings.length - 1)
})

test('a compression that takes too long is given up with 500, and the next scrape works', async (context) => {
  let text = randomBytes(24 * MIB).toString('latin1')
  const errors: unknown[] = []
  const onError = (error: unknown) => errors.push(error)
  const url = await serveText(context, () => text, { responseTimeoutMs: 50, onError })
  const client = openClient(context, url)
  client.socket.write(GET_GZIP.repeat(3) + LAST_GET)
  const responses = parseResponses(await client.closed)
  assert.deepEqual(
    responses.map(({ status }) => status),
    [500, 500, 500, 404],
  )
  assert.equal(errors.length, 1)
  assert.match(String(errors[0]), /compressed within 50 ms/)
  text = TEXT
  // The limit is short enough for a busy machine to reach it again.
  const answer = await waitUntil('a compression in time', async () => {
    const response = await ask(`${url}/metrics`, { 'accept-encoding': 'gzip' })
    return response.status === 200 && response
  })
  assert.equal(textOf(answer), TEXT)
})

test('clients that disconnected during a compression hold no rendering', async (context) => {
  const text = randomBytes(4 * MIB).toString('base64')
  const source = textSource(() => text)
  const url = await serve(context, metricsHandler(source))
  for (let rendering = 1; rendering <= 6; rendering++) {
    const { socket } = openClient(context, url)
    socket.write(GET_GZIP)
    await waitUntil('a rendering', () => source.renderings === rendering)
    socket.destroy()
  }
  assert.equal(textOf(await ask(`${url}/metrics`, { 'accept-encoding': 'gzip' })), text)
})
