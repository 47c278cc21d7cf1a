import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { listen } from '../../src/server/metrics-server.js'
import { failure } from '../support/assertions/failures.js'

const source = { registry: new Registry() }

test('port 0 takes a free port, and the URL contains it', async () => {
  const server = await listen(source, { host: '127.0.0.1', port: 0 })
  assert.match(server.url, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/)
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  await server.close()
  await assert.rejects(fetch(`${server.url}/healthz`))
})

test('an address in use, out of range or not of this host is LISTEN_FAILED', async (context) => {
  const server = await listen(source, { host: '127.0.0.1', port: 0 })
  context.after(() => server.close())
  const port = Number(new URL(server.url).port)
  const refused = failure('LISTEN_FAILED')
  await assert.rejects(listen(source, { host: '127.0.0.1', port }), refused)
  await assert.rejects(listen(source, { host: '192.0.2.1', port: 0 }), refused)
  await assert.rejects(listen(source, { host: '127.0.0.1', port: 70_000 }), refused)
})

test('close closes connections that are kept alive', async () => {
  const server = await listen(source, { host: '127.0.0.1', port: 0 })
  const response = await fetch(`${server.url}/metrics`, { headers: { connection: 'keep-alive' } })
  await response.text()
  const startMs = performance.now()
  await server.close()
  assert.ok(performance.now() - startMs < 2_000)
})
