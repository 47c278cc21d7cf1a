import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  constants,
  createServer,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import connect from 'connect'
import express from 'express'
import express4 from 'express-4'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import type { DashboardOptions } from '../../src/dashboard/dashboard-options.js'
import { type MetricsHandler, metricsHandler } from '../../src/index.js'
import { ask } from '../support/processes/ask.js'
import { makeDashboard, PAGE } from '../support/processes/dashboards.js'
import { openStream } from '../support/processes/event-stream.js'
import { serve } from '../support/processes/servers.js'
import { textSource } from '../support/processes/text-source.js'
import { waitUntil } from '../support/processes/wait-until.js'

const METRICS = 'a 1\n'
/** The answer of the user's application to other paths. */
const OTHER = 'a page of the application'

/** The part of an application on which handlers are mounted. */
interface Application extends MetricsHandler {
  use(handler: MetricsHandler): unknown
  use(path: string, handler: MetricsHandler): unknown
}

/** One way to mount the page. */
interface Mounting {
  readonly as: string
  readonly options?: DashboardOptions
  readonly listener: (handler: MetricsHandler) => RequestListener | Promise<RequestListener>
  /** The path of the page, without a slash at the end. */
  readonly page: string
  /** Paths that are passed to the application. */
  readonly others?: readonly string[]
}

function middleware(newApp: () => unknown, name: string): Mounting[] {
  const make = (mount: (app: Application, handler: MetricsHandler) => void) => {
    return (handler: MetricsHandler) => {
      const app = newApp() as Application
      mount(app, handler)
      app.use((_request, response) => void response.end(OTHER))
      return app as RequestListener
    }
  }
  return [
    {
      as: `${name}: use(handler)`,
      listener: make((app, handler) => app.use(handler)),
      page: '',
      others: ['/x', '/metrics', '/live/x'],
    },
    {
      as: `${name}: use('/dash', handler)`,
      listener: make((app, handler) => app.use('/dash', handler)),
      page: '/dash',
      others: ['/', '/live', '/page.js', '/dash/x', '/dashboard'],
    },
    {
      as: `${name}: use('/live', handler)`,
      listener: make((app, handler) => app.use('/live', handler)),
      page: '/live',
      others: ['/', '/page.js'],
    },
    {
      as: `${name}: use('/internal', handler) with a path below it`,
      options: { pagePath: '/dash' },
      listener: make((app, handler) => app.use('/internal', handler)),
      page: '/internal/dash',
      others: ['/', '/dash/', '/internal', '/internal/', '/internal/live'],
    },
    {
      as: `${name}: use('/internal', handler) with the whole path`,
      options: { pagePath: '/internal/dash' },
      listener: make((app, handler) => app.use('/internal', handler)),
      page: '/internal/dash',
      others: ['/', '/internal', '/dash'],
    },
  ]
}

const MOUNTINGS: readonly Mounting[] = [
  { as: 'node:http: createServer(handler)', listener: (handler) => handler, page: '' },
  {
    as: 'node:http: behind metricsHandler',
    listener: (handler) => {
      const metrics = metricsHandler(textSource(() => METRICS))
      return (request, response) => metrics(request, response, () => handler(request, response))
    },
    page: '',
  },
  {
    as: 'node:http: before another listener',
    options: { pagePath: '/a/dash/' },
    listener: (handler) => (request, response) => {
      handler(request, response, () => response.end(OTHER))
    },
    page: '/a/dash',
    others: ['/', '/a', '/a/', '/a/dashx', '/live'],
  },
  ...middleware(() => express(), 'Express 5'),
  ...middleware(() => express4(), 'Express 4'),
  ...middleware(() => connect(), 'connect'),
  {
    as: 'Express 5: a router below a prefix',
    listener: (handler) => {
      const router = express.Router()
      router.use('/dash', handler as express.RequestHandler)
      return express()
        .use('/internal', router)
        .use((_request, response) => void response.end(OTHER)) as RequestListener
    },
    page: '/internal/dash',
    others: ['/', '/dash', '/internal/x'],
  },
  {
    as: 'Koa',
    options: { pagePath: '/dash' },
    listener: (handler) => {
      const app = new Koa()
      app.silent = true
      app.use((ctx) => {
        if (!/^\/dash(\/|$)/.test(ctx.path)) {
          ctx.body = OTHER
          return
        }
        ctx.respond = false
        handler(ctx.req, ctx.res)
      })
      return app.callback()
    },
    page: '/dash',
    others: ['/', '/dashx', '/live'],
  },
  {
    as: 'Hono',
    options: { pagePath: '/dash' },
    listener: (handler) => {
      const app = new Hono<{ Bindings: HttpBindings }>()
      for (const path of ['/dash', '/dash/*']) {
        app.all(path, (c) => {
          handler(c.env.incoming, c.env.outgoing)
          return RESPONSE_ALREADY_SENT
        })
      }
      app.all('*', (c) => c.text(OTHER))
      return getRequestListener(app.fetch as Parameters<typeof getRequestListener>[0])
    },
    page: '/dash',
    others: ['/', '/live'],
  },
  {
    as: 'Fastify',
    options: { pagePath: '/dash' },
    listener: async (handler) => {
      const app = Fastify()
      for (const path of ['/dash', '/dash/*']) {
        app.get(path, (request, reply) => {
          reply.hijack()
          handler(request.raw, reply.raw)
        })
      }
      app.setNotFoundHandler((_request, reply) => reply.code(200).send(OTHER))
      await app.ready()
      return (request, response) => app.routing(request, response)
    },
    page: '/dash',
    others: ['/', '/live'],
  },
]

for (const { as, options, listener, page, others = [] } of MOUNTINGS) {
  test(`${as}: the page, its files and its stream`, async (context) => {
    const { handler, pass } = await makeDashboard(context, options)
    const url = await serve(context, await listener(handler))
    for (const [path, name] of [
      ['/', 'index.html'],
      ['/page.js', 'page.js'],
      ['/page.css?v=1', 'page.css'],
    ] as const) {
      const { status, body } = await ask(`${url}${page}${path}`)
      assert.deepEqual([status, body.toString()], [200, PAGE[name]], path)
    }
    // The files of the page, relative to the redirected URL, as in a browser.
    if (page !== '') {
      const { status, headers } = await ask(`${url}${page}?a=1`)
      assert.equal(status, 308)
      const target = new URL(headers.location ?? '', `${url}${page}?a=1`)
      assert.equal(target.href, `${url}${page}/?a=1`)
    }
    const stream = await openStream(context, `${url}${page}/live`)
    await stream.waitFor(2)
    await pass()
    await stream.waitFor(3)
    assert.deepEqual(stream.names, ['hello', 'update', 'update'])
    stream.close()
    for (const path of others) {
      assert.equal((await ask(url + path)).body.toString(), OTHER, path)
    }
    if (as.endsWith('metricsHandler')) {
      assert.equal((await ask(`${url}/metrics`)).body.toString(), METRICS)
    }
  })

  test(`${as}: a reader that disconnects no longer counts towards streamsMax`, async (context) => {
    const { handler } = await makeDashboard(context, { ...options, streamsMax: 1 })
    const url = await serve(context, await listener(handler))
    const stream = await openStream(context, `${url}${page}/live`)
    await stream.waitFor(2)
    assert.equal((await ask(`${url}${page}/live`)).status, 503)
    stream.close()
    await waitUntil('a free place', async () => {
      const next = await openStream(context, `${url}${page}/live`)
      next.close()
      return next.response.statusCode === 200
    })
  })
}

const { HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH, HTTP2_HEADER_STATUS } = constants

async function openSession(
  context: TestContext,
  handler: MetricsHandler,
): Promise<ClientHttp2Session> {
  const server = createServer(handler as never).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  context.after(() => {
    session.destroy()
    server.close()
  })
  return session
}

test('HTTP/2: the page and several streams on one connection, which no longer count after their end', async (context) => {
  const { handler, pass, feed } = await makeDashboard(context, { streamsMax: 2 })
  const session = await openSession(context, handler)
  const open = async (path: string, method = 'GET') => {
    const stream = session.request({
      [HTTP2_HEADER_PATH]: path,
      [HTTP2_HEADER_METHOD]: method,
    })
    let text = ''
    stream.setEncoding('utf8').on('data', (more) => {
      text += more
    })
    const [headers] = await once(stream, 'response')
    return { stream, status: headers[HTTP2_HEADER_STATUS], text: () => text }
  }
  const page = await open('/')
  await waitUntil('the page', () => page.text() === PAGE['index.html'])
  assert.equal((await open('/live', 'HEAD')).status, 200)
  const [first, second] = [await open('/live'), await open('/live')]
  assert.deepEqual([first.status, second.status], [200, 200])
  assert.equal((await open('/live')).status, 503)
  await pass()
  for (const { text } of [first, second]) {
    await waitUntil('updates', () => text().match(/^event: update$/gm)?.length === 2)
  }
  first.stream.close()
  const again = await waitUntil('a free place', async () => {
    const next = await open('/live')
    return next.status === 200 && next
  })
  feed.close()
  await waitUntil('the end', () => again.stream.closed && second.stream.closed)
})
