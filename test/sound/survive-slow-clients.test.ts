import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen, type MetricsHandlerOptions, metricsHandler } from '../../src/index.js'
import { MIB } from '../support/assertions/memory.js'
import {
  openClient,
  parseResponses,
  readSlowly,
  SLOW_STALL_MS,
} from '../support/processes/raw-client.js'
import { serve } from '../support/processes/servers.js'
import { numberedLines, type TextSource, textSource } from '../support/processes/text-source.js'
import { waitUntil } from '../support/processes/wait-until.js'

const GET = 'GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n'
const LAST_GET = 'GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'
/** Open connections of `listen`. */
const CONNECTIONS_MAX = 64
/** More than the buffers of both ends of a connection hold. */
const TEXT = numberedLines(24 * MIB)

const SERVERS: Readonly<
  Record<
    string,
    (context: TestContext, source: TextSource, options: MetricsHandlerOptions) => Promise<string>
  >
> = {
  listen: async (context, source, options) => {
    const server = await listen(source, { port: 0, ...options })
    context.after(() => server.close())
    return server.url
  },
  metricsHandler: (context, source, options) => serve(context, metricsHandler(source, options)),
}

for (const [name, start] of Object.entries(SERVERS)) {
  test(`${name}: 80 clients that do not read delay a scraper no longer than the limit`, async (context) => {
    const url = await start(
      context,
      textSource(() => TEXT),
      { stallTimeoutMs: 200 },
    )
    for (let index = 0; index < 80; index++) {
      const client = openClient(context, url)
      client.socket.pause()
      client.socket.write(GET)
    }
    // On a busy machine, the scraper itself may stall, and is disconnected like the others.
    const scrape = await waitUntil('a scrape', async () => {
      try {
        const response = await fetch(`${url}/metrics`)
        return response.status === 200 && (await response.text())
      } catch {
        return undefined
      }
    })
    assert.equal(scrape, TEXT)
  })

  test(`${name}: a client that reads slowly is disconnected after the limit on a whole response`, async (context) => {
    const options = { stallTimeoutMs: 10_000, responseTimeoutMs: 500 }
    const url = await start(
      context,
      textSource(() => TEXT),
      options,
    )
    const client = openClient(context, url)
    client.socket.pause()
    client.socket.write(LAST_GET)
    for (let read = 0; read < 30; read++) {
      client.socket.read(1)
      await sleep(30)
    }
    client.socket.resume()
    assert.ok((await client.closed).length > 0)
    assert.deepEqual(parseResponses(client.received()), [])
  })
}

test('a slow client that makes progress gets the whole response, longer than a stall may last', async (context) => {
  const url = await serve(
    context,
    metricsHandler(
      textSource(() => TEXT),
      { stallTimeoutMs: SLOW_STALL_MS },
    ),
  )
  const client = openClient(context, url)
  const startMs = performance.now()
  client.socket.write(LAST_GET)
  readSlowly(client)
  const [response] = parseResponses(await client.closed)
  assert.ok(performance.now() - startMs > SLOW_STALL_MS)
  assert.equal(response.body.toString(), TEXT)
})

test('connections without requests do not keep a scraper from connecting', async (context) => {
  const url = await SERVERS.listen(
    context,
    textSource(() => 'a 1\n'),
    {},
  )
  for (const greeting of ['', 'GET /metr', GET]) {
    for (let index = 0; index < CONNECTIONS_MAX; index++) {
      const { socket } = openClient(context, url)
      await once(socket, 'connect')
      socket.write(greeting)
    }
    const response = await fetch(`${url}/metrics`, { headers: { connection: 'close' } })
    assert.equal(await response.text(), 'a 1\n', greeting)
  }
})

test('no more connections are open than the limit, and those with an open response are kept', async (context) => {
  const finish: (() => void)[] = []
  const source = textSource(() => new Promise((resolve) => finish.push(() => resolve('a 1\n'))))
  const url = await SERVERS.listen(context, source, {})
  const asking = openClient(context, url)
  asking.socket.write(LAST_GET)
  await waitUntil('the rendering', () => finish.length === 1)
  const idle = Array.from({ length: CONNECTIONS_MAX + 20 }, () => openClient(context, url))
  let open = idle.length
  for (const { closed } of idle) void closed.then(() => open--)
  await waitUntil('the limit', () => open === CONNECTIONS_MAX - 1)
  finish[0]()
  assert.equal(parseResponses(await asking.closed)[0].body.toString(), 'a 1\n')
  assert.equal(open, CONNECTIONS_MAX - 1)
})

test('a rendering that never ends is given up with 500, and the next scrape works', async (context) => {
  let isStuck = true
  const source = textSource(() => (isStuck ? new Promise(() => {}) : 'a 1\n'))
  const errors: unknown[] = []
  const onError = (error: unknown) => errors.push(error)
  const url = await serve(context, metricsHandler(source, { responseTimeoutMs: 300, onError }))
  const responses = await Promise.all([1, 2, 3].map(() => fetch(`${url}/metrics`)))
  assert.deepEqual(
    responses.map(({ status }) => status),
    [500, 500, 500],
  )
  assert.match(String(errors[0]), /rendered within 300 ms/)
  isStuck = false
  assert.equal(await (await fetch(`${url}/metrics`)).text(), 'a 1\n')
})

test('the limit on a stall ends with the response: the connection is kept as the server says', async (context) => {
  const handler = metricsHandler(
    textSource(() => 'a 1\n'),
    { stallTimeoutMs: 50 },
  )
  const server = createServer((request, response) => {
    // Another, slow part of the user's server.
    if (request.url === '/slow') setTimeout(() => response.end('slow'), 300)
    else handler(request, response)
  })
  server.keepAliveTimeout = 0
  context.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = openClient(context, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  client.socket.write(GET)
  await waitUntil('the metrics', () => client.received().toString().endsWith('a 1\n'))
  await sleep(200)
  client.socket.write('GET /slow HTTP/1.1\r\nhost: a\r\n\r\n')
  await waitUntil('the slow response', () => client.received().toString().endsWith('slow'))
})
