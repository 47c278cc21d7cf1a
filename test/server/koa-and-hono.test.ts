import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Hono } from 'hono'
import Koa from 'koa'
import { type MetricsHandler, metricsHandler } from '../../src/index.js'
import { MIB } from '../support/assertions/memory.js'
import { ask } from '../support/processes/ask.js'
import { openClient } from '../support/processes/raw-client.js'
import { serve } from '../support/processes/servers.js'
import { numberedLines, textSource } from '../support/processes/text-source.js'
import { waitUntil } from '../support/processes/wait-until.js'

const PATH = '/internal/m'
/** More than the buffers of both ends of a connection hold. */
const LARGE = numberedLines(24 * MIB)
const AUTHORIZED = { authorization: 'Bearer secret' }

/** Applications that pass the requests of one path to the handler, as in the guide. */
const FRAMEWORKS: Readonly<Record<string, (handler: MetricsHandler) => RequestListener>> = {
  Koa: (handler) => {
    const app = new Koa()
    // Otherwise, Koa prints disconnections of clients.
    app.silent = true
    app.use(async (ctx, next) => {
      if (ctx.path !== PATH) return void (await next())
      ctx.respond = false
      handler(ctx.req, ctx.res)
    })
    return app.callback()
  },
  Hono: (handler) => {
    const app = new Hono<{ Bindings: HttpBindings }>()
    app.all(PATH, (c) => {
      handler(c.env.incoming, c.env.outgoing)
      return RESPONSE_ALREADY_SENT
    })
    return getRequestListener(app.fetch as Parameters<typeof getRequestListener>[0])
  },
}

for (const [name, makeListener] of Object.entries(FRAMEWORKS)) {
  const start = (context: TestContext) => {
    const source = textSource(() => LARGE)
    const options = { path: PATH, bearerToken: 'secret', responsesMax: 1 }
    return serve(context, makeListener(metricsHandler(source, options)))
  }

  test(`${name}: the handler sends whole responses with its own status and headers`, async (context) => {
    const url = await start(context)
    const plain = await ask(url + PATH, AUTHORIZED)
    assert.equal(plain.status, 200)
    assert.ok(plain.body.equals(Buffer.from(LARGE)))
    const gzip = await ask(url + PATH, { ...AUTHORIZED, 'accept-encoding': 'gzip' })
    assert.equal(gzip.headers['content-encoding'], 'gzip')
    assert.equal(gunzipSync(gzip.body).toString(), LARGE)
    const head = await ask(`${url}${PATH}?name=x`, AUTHORIZED, 'HEAD')
    assert.equal(head.status, 200)
    // Hono answers HEAD itself.
    const length = name === 'Hono' ? undefined : String(LARGE.length)
    assert.equal(head.headers['content-length'], length)
    assert.equal((await ask(url + PATH)).status, 401)
    const post = await ask(url + PATH, AUTHORIZED, 'POST')
    assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD'])
    assert.equal((await ask(`${url}/nowhere`)).status, 404)
  })

  test(`${name}: a disconnected client frees the place of its response`, async (context) => {
    const url = await start(context)
    const client = openClient(context, url)
    // Immediately, before the rest of the response arrives.
    client.socket.once('data', () => client.socket.pause())
    client.socket.write(`GET ${PATH} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer secret\r\n\r\n`)
    await waitUntil('the first bytes', () => client.received().length > 0)
    assert.equal((await ask(url + PATH, AUTHORIZED)).status, 503)
    client.socket.destroy()
    await waitUntil('a scrape', async () => (await ask(url + PATH, AUTHORIZED)).status === 200)
  })
}
