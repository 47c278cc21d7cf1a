import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestListener, ServerResponse } from 'node:http'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import { metricsPlugin } from '../../src/fastify/metrics-plugin.js'
import { MooncakeStoreConnectorStats, metricsHandler } from '../../src/index.js'
import { makeDashboard } from '../support/processes/dashboards.js'
import { numberedLines, textSource } from '../support/processes/text-source.js'

const { HTTP2_HEADER_PATH } = constants
/** A response that is not closed is waited for so long; far below `responseTimeoutMs`. */
const TEST_TIMEOUT_MS = 15_000
/** Several times what a stream has room for: 64 KiB each at the client and at the server. */
const TEXT = numberedLines(2 ** 20)
const STALL_TIMEOUT_MS = 1_000
const ROWS = MooncakeStoreConnectorStats.fromRows({
  load_get: [{ duration_seconds: 0.002, num_keys: 1 }],
}).toPayload()

/** A session with a server of HTTP/2 whose handler is ours, and the responses it has begun. */
async function openSession(context: TestContext, handler: RequestListener) {
  const responses = new Map<string, ServerResponse>()
  const server = createServer((request, response) => {
    // The compatibility API of node:http2 has what the handlers use of node:http.
    responses.set(request.url, response as never)
    handler(request as never, response as never)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  context.after(() => {
    session.destroy()
    server.close()
  })
  return { session, responses }
}

function open(session: ClientHttp2Session, path: string): ClientHttp2Stream {
  const stream = session.request({ [HTTP2_HEADER_PATH]: path })
  // That of a stream which the server closes.
  stream.on('error', () => {})
  return stream
}

/** Whether a response has closed since the call. */
function closing(response: ServerResponse | undefined): () => boolean {
  let isClosed = false
  response?.once('close', () => {
    isClosed = true
  })
  return () => isClosed
}

async function read(stream: ClientHttp2Stream): Promise<string> {
  let text = ''
  stream.setEncoding('utf8').on('data', (more) => {
    text += more
  })
  await once(stream, 'end')
  return text
}

const SERVED: Readonly<Record<string, () => Promise<RequestListener>>> = {
  metricsHandler: async () => {
    const source = textSource(() => TEXT)
    return metricsHandler(source, { stallTimeoutMs: STALL_TIMEOUT_MS })
  },
  'the plugin for Fastify': async () => {
    let handle: RequestListener = () => {}
    // Its types are those of another server for HTTP/2.
    const app = Fastify({
      serverFactory: (handler) => {
        handle = handler as never
        return createServer() as never
      },
    })
    const aggregator = textSource(() => TEXT)
    app.register(metricsPlugin, { aggregator, stallTimeoutMs: STALL_TIMEOUT_MS })
    await app.ready()
    return handle
  },
}

for (const [what, serve] of Object.entries(SERVED)) {
  test(`HTTP/2, ${what}: a stream that is not read is closed, however busy its connection is`, {
    timeout: TEST_TIMEOUT_MS,
  }, async (context) => {
    const { session, responses } = await openSession(context, await serve())
    const stalled = open(session, '/metrics')
    await once(stalled, 'response')
    const isClosed = closing(responses.get('/metrics'))
    while (!isClosed()) assert.equal(await read(open(session, '/healthz')), 'ok\n')
    // Other streams of the connection are left alone.
    assert.equal(await read(open(session, '/healthz')), 'ok\n')
  })

  test(`HTTP/2, ${what}: a stream that is read slowly is sent whole, longer than a stall may last`, async (context) => {
    const { session } = await openSession(context, await serve())
    const stream = open(session, '/metrics').setEncoding('utf8')
    await once(stream, 'response')
    const startMs = performance.now()
    let text = ''
    for (;;) {
      const more = stream.read()
      if (more !== null) text += more
      if (stream.readableEnded || text.length === TEXT.length) break
      const isSlow = performance.now() - startMs < 1.5 * STALL_TIMEOUT_MS
      await sleep(isSlow ? 150 : 1)
    }
    assert.equal(text, TEXT)
    assert.ok(performance.now() - startMs > STALL_TIMEOUT_MS)
  })
}

test('HTTP/2, dashboardHandler: a page that reads nothing is closed, however busy its connection is', {
  timeout: TEST_TIMEOUT_MS,
}, async (context) => {
  const options = { stallTimeoutMs: STALL_TIMEOUT_MS }
  const { aggregator, handler, pass } = await makeDashboard(context, options)
  // So many that an update is longer than what a stream has room for.
  for (let engine = 0; engine < 1_000; engine++) {
    aggregator.ingest(ROWS, { engine, instance: `${'host-'.repeat(20)}${engine}` })
  }
  const { session, responses } = await openSession(context, handler)
  const stalled = open(session, '/live')
  await once(stalled, 'response')
  const isClosed = closing(responses.get('/live'))
  await pass()
  while (!isClosed()) await read(open(session, '/'))
})
