import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Registry } from 'prom-client'
import { type ListenOptions, listen } from '../../src/index.js'
import { failure } from '../support/assertions/failures.js'
import { openClient } from '../support/processes/raw-client.js'
import { waitUntil } from '../support/processes/wait-until.js'

/** How long Node keeps an idle connection. */
const KEEP_ALIVE_MS = 5_000
const source = { registry: new Registry() }

async function start(context: TestContext, options: ListenOptions): Promise<string> {
  const server = await listen(source, { port: 0, ...options })
  context.after(() => server.close())
  return server.url
}

test('port 0 listens on a free port of 127.0.0.1, and the URL contains it', async () => {
  const server = await listen(source, { port: 0 })
  assert.match(server.url, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/)
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  await server.close()
  await assert.rejects(fetch(`${server.url}/healthz`))
})

test('an address in use or not of this host is LISTEN_FAILED', async (context) => {
  const port = Number(new URL(await start(context, {})).port)
  const refused = failure('LISTEN_FAILED')
  await assert.rejects(listen(source, { port }), refused)
  await assert.rejects(listen(source, { host: '192.0.2.1', port: 0 }), refused)
})

test('options out of range, of another type or unknown are invalid', async () => {
  for (const options of [
    { port: 70_000 },
    { port: -1 },
    { port: '9464' },
    { host: 1 },
    // Node would listen on every address.
    { host: '' },
    { host: '127.0.0.1\n' },
    null,
    { connectionsMax: 0 },
    { headersTimeoutMs: 0.5 },
    { requestTimeoutMs: Number.POSITIVE_INFINITY },
    { hostname: '127.0.0.1' },
    { responsesMax: 0 },
    { path: 'metrics' },
  ] as object[]) {
    const refused = failure('INVALID_OPTION')
    await assert.rejects(listen(source, options), refused, JSON.stringify(options))
  }
})

test('options of metricsHandler are passed on', async (context) => {
  const url = await start(context, { path: '/m', healthPath: '/live', bearerToken: 'secret' })
  const statuses = []
  for (const path of ['/m', '/metrics', '/live']) {
    const response = await fetch(url + path)
    await response.text()
    statuses.push(response.status)
  }
  assert.deepEqual(statuses, [401, 404, 200])
})

test('no more connections are open than connectionsMax', async (context) => {
  const url = await start(context, { connectionsMax: 3 })
  let open = 10
  for (let count = open; count > 0; count--) {
    void openClient(context, url).closed.then(() => open--)
  }
  await waitUntil('the limit', () => open === 3)
  assert.equal((await fetch(`${url}/healthz`)).status, 200)
})

test('a request that is not complete within its time limit gets status 408', async (context) => {
  for (const [limits, sent] of [
    [{ headersTimeoutMs: 100 }, 'GET /metrics HTTP/1.1\r\n'],
    [{ requestTimeoutMs: 100 }, 'POST /metrics HTTP/1.1\r\nhost: a\r\ncontent-le'],
  ] as const) {
    const { hostname, port } = new URL(await start(context, limits))
    const socket = connect(Number(port), hostname)
    context.after(() => socket.destroy())
    socket.write(sent)
    const [received] = await once(socket, 'data')
    assert.match(String(received), /^HTTP\/1\.1 408 /)
  }
})

test('close closes connections that are kept alive', async () => {
  const server = await listen(source, { port: 0 })
  const response = await fetch(`${server.url}/metrics`, { headers: { connection: 'keep-alive' } })
  await response.text()
  const startMs = performance.now()
  await server.close()
  assert.ok(performance.now() - startMs < KEEP_ALIVE_MS)
})
