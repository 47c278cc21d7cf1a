import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { type ListenOptions, listen } from '../../src/index.js'
import { ask } from '../support/processes/ask.js'
import { makeDashboard } from '../support/processes/dashboards.js'
import { openStream } from '../support/processes/event-stream.js'
import { openClient, type RawClient } from '../support/processes/raw-client.js'
import { textSource } from '../support/processes/text-source.js'
import { waitUntil } from '../support/processes/wait-until.js'

const METRICS = 'a 1\n'
const CONNECTIONS_MAX = 4

interface Started {
  readonly url: string
  /** The requests that were passed to `next` and have no response yet. */
  readonly open: { readonly request: IncomingMessage; readonly response: ServerResponse }[]
}

/** A server whose `next` responds when the test requests it. */
async function start(context: TestContext, options: ListenOptions = {}): Promise<Started> {
  const open: Started['open'] = []
  const server = await listen(
    textSource(() => METRICS),
    {
      port: 0,
      connectionsMax: CONNECTIONS_MAX,
      next: (request, response) => open.push({ request, response }),
      ...options,
    },
  )
  context.after(() => server.close())
  return { url: server.url, open }
}

/** Opens connections without requests until the server closes one, and counts those that it keeps. */
async function roomFor(context: TestContext, url: string): Promise<number> {
  const clients: RawClient[] = []
  let closed = 0
  for (let count = 0; count < 3 * CONNECTIONS_MAX; count++) {
    const client = openClient(context, url)
    void client.closed.then(() => closed++)
    clients.push(client)
  }
  // When the last one has its response, all before it were accepted.
  await waitUntil('all connections', () => clients.every(({ socket }) => !socket.connecting))
  const last = clients.at(-1) as RawClient
  last.socket.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n')
  await waitUntil('the answer', () => last.received().includes('ok\n'))
  await waitUntil('the limit', () => closed >= clients.length - CONNECTIONS_MAX)
  const room = clients.length - closed
  for (const { socket } of clients) socket.destroy()
  await Promise.all(clients.map((client) => client.closed))
  return room
}

async function scrape(url: string): Promise<string> {
  return (await ask(`${url}/metrics`)).body.toString()
}

test('connections with a request in next do not count towards the limit until its response', async (context) => {
  const { url, open } = await start(context)
  for (let count = 0; count < 2 * CONNECTIONS_MAX; count++) {
    openClient(context, url).socket.write('GET /next HTTP/1.1\r\nhost: a\r\n\r\n')
  }
  await waitUntil('all requests', () => open.length === 2 * CONNECTIONS_MAX)
  assert.equal(await roomFor(context, url), CONNECTIONS_MAX)
  assert.equal(await scrape(url), METRICS)
  assert.ok(open.every(({ response }) => !response.destroyed))
  for (const { response } of open) response.end('x')
  // Those connections are kept alive, and have been idle the longest.
  const room = await roomFor(context, url)
  assert.ok(room <= CONNECTIONS_MAX, String(room))
  const sockets = open.map(({ request }) => request.socket)
  await waitUntil(
    'room',
    () => sockets.filter(({ destroyed }) => !destroyed).length <= CONNECTIONS_MAX,
  )
})

test('requests of one connection, also pipelined and killed ones, do not move the count', async (context) => {
  const { url, open } = await start(context)
  for (let round = 0; round < 3; round++) {
    const clients = [1, 2].map(() => openClient(context, url))
    for (const { socket } of clients)
      socket.write('GET /next HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(20))
    await waitUntil('all requests', () => open.length === 40)
    // If every request were subtracted, 40 more would be accepted.
    assert.equal(await roomFor(context, url), CONNECTIONS_MAX)
    if (round === 1) for (const { response } of open) response.end('x')
    if (round === 1) {
      await waitUntil('all responses', () =>
        open.every(({ response }) => response.writableFinished),
      )
    }
    for (const { socket } of clients) socket.destroy()
    await waitUntil('the end', () => open.every(({ request }) => request.socket.destroyed))
    open.length = 0
    assert.equal(await roomFor(context, url), CONNECTIONS_MAX)
  }
  assert.equal(await scrape(url), METRICS)
})

test('a connection is not idle while one of its requests is being answered', async (context) => {
  const { url, open } = await start(context)
  const client = openClient(context, url)
  client.socket.write(
    'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\nGET /next HTTP/1.1\r\nhost: a\r\n\r\n',
  )
  await waitUntil('the request', () => open.length === 1)
  await waitUntil('the first answer', () => client.received().includes('ok\n'))
  assert.equal(await roomFor(context, url), CONNECTIONS_MAX)
  open[0]?.response.end('the second answer')
  await waitUntil('the second answer', () => client.received().includes('the second answer'))
})

test('64 open pages keep no scraper out, and are kept themselves', async (context) => {
  const { handler, pass } = await makeDashboard(context)
  const { url } = await start(context, { connectionsMax: 2, next: handler })
  const streams = await Promise.all(
    Array.from({ length: 64 }, () => openStream(context, `${url}/live`)),
  )
  assert.ok(streams.every(({ response }) => response.statusCode === 200))
  for (let count = 0; count < 10; count++) assert.equal(await scrape(url), METRICS)
  assert.equal((await ask(`${url}/live`)).status, 503)
  for (let count = 0; count < 4; count++) openClient(context, url)
  assert.equal(await scrape(url), METRICS)
  await pass()
  for (const stream of streams) await stream.waitFor(3)
  assert.equal((await ask(`${url}/`)).status, 200)
  for (const stream of streams) stream.close()
  assert.equal(await scrape(url), METRICS)
})
