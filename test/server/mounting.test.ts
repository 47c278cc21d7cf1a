import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import connect from 'connect'
import express from 'express'
import express4 from 'express-4'
import { type MetricsHandler, type MetricsHandlerOptions, metricsHandler } from '../../src/index.js'
import { serve } from '../support/processes/servers.js'
import { textSource } from '../support/processes/text-source.js'

const METRICS = 'a 1\n'
const HEALTH = 'ok\n'
/** The response of the user's application on every path that is passed to it. */
const PAGE = 'a page of the application'

/** The part of an application, or of a router, that handlers are mounted with. */
interface Application extends MetricsHandler {
  use(handler: MetricsHandler): unknown
  use(path: string, handler: MetricsHandler): unknown
}

interface RoutingApplication extends Application {
  get(path: string | RegExp | string[], handler: MetricsHandler): unknown
}

/** One way to mount a handler, and the responses of its paths. */
interface Mounting<App> {
  readonly as: string
  readonly options?: MetricsHandlerOptions
  mount(app: App, handler: MetricsHandler, newRouter: () => App): void
  readonly metrics: readonly string[]
  readonly health?: readonly string[]
  readonly pages: readonly string[]
}

const MOUNTINGS: readonly Mounting<Application>[] = [
  {
    as: 'use(handler)',
    mount: (app, handler) => app.use(handler),
    metrics: ['/metrics', '/metrics/', '/metrics?name=x', '/metrics/?x'],
    health: ['/healthz', '/healthz/', '/healthz?verbose'],
    pages: ['/', '/x', '/metrics/x', '/metrics/healthz', '/metrics//', '/METRICS'],
  },
  {
    as: "use('/metrics', handler)",
    mount: (app, handler) => app.use('/metrics', handler),
    metrics: ['/metrics', '/metrics/', '/metrics?name=x', '/metrics/?x', '/metrics/metrics'],
    health: ['/metrics/healthz', '/metrics/healthz?verbose'],
    pages: ['/', '/healthz', '/metrics/x', '/metricsx', '/metrics/x/metrics'],
  },
  {
    as: "use('/internal', handler)",
    mount: (app, handler) => app.use('/internal', handler),
    metrics: ['/internal', '/internal/', '/internal?x', '/internal/metrics', '/internal/metrics?x'],
    health: ['/internal/healthz'],
    pages: ['/', '/metrics', '/healthz', '/internal/x', '/internal/x/metrics'],
  },
  {
    as: "use('/healthz', handler) and use('/metrics', handler)",
    mount: (app, handler) => {
      app.use('/healthz', handler)
      app.use('/metrics', handler)
    },
    metrics: ['/metrics'],
    health: ['/healthz'],
    pages: ['/'],
  },
  {
    as: "use('/internal', handler) with a path",
    options: { path: '/m', healthPath: '/live' },
    mount: (app, handler) => app.use('/internal', handler),
    metrics: ['/internal/m', '/internal/m/', '/internal/m?x'],
    health: ['/internal/live'],
    pages: ['/internal', '/internal/', '/internal/metrics', '/internal/healthz', '/m'],
  },
  {
    as: "use('/internal', handler) with the whole path",
    options: { path: '/internal/m', healthPath: '/internal/live' },
    mount: (app, handler) => app.use('/internal', handler),
    metrics: ['/internal/m', '/internal/m/'],
    health: ['/internal/live'],
    pages: ['/internal', '/internal/metrics', '/internal/healthz', '/live'],
  },
  {
    as: "use('/internal', handler) with the path /",
    options: { path: '/', healthPath: false },
    mount: (app, handler) => app.use('/internal', handler),
    metrics: ['/internal', '/internal/', '/internal?x'],
    pages: ['/', '/internal/metrics', '/internal/healthz', '/healthz'],
  },
  {
    as: "use('/internal', handler) with the path *",
    options: { path: '*' },
    mount: (app, handler) => app.use('/internal', handler),
    metrics: ['/internal', '/internal/x', '/internal/metrics'],
    health: ['/internal/healthz'],
    pages: ['/', '/metrics'],
  },
]

const ROUTINGS: readonly Mounting<RoutingApplication>[] = [
  {
    as: "get('/metrics', handler)",
    mount: (app, handler) => app.get('/metrics', handler),
    metrics: ['/metrics', '/metrics/', '/metrics?x', '/METRICS'],
    pages: ['/', '/healthz', '/metrics/healthz'],
  },
  {
    as: "get('/internal/m', handler) and get('/live', handler)",
    options: { healthPath: '/live' },
    mount: (app, handler) => {
      app.get('/internal/m', handler)
      app.get('/live', handler)
    },
    metrics: ['/internal/m', '/internal/m/', '/internal/m?x'],
    health: ['/live'],
    pages: ['/', '/internal', '/metrics', '/healthz'],
  },
  {
    as: "get(['/metrics', '/healthz'], handler)",
    mount: (app, handler) => app.get(['/metrics', '/healthz'], handler),
    metrics: ['/metrics'],
    health: ['/healthz'],
    pages: ['/'],
  },
  {
    as: "get('/internal/m', …) with a function that calls the handler, which has the path",
    options: { path: '/internal/m' },
    mount: (app, handler) => {
      app.get('/internal/m', (request, response, next) => handler(request, response, next))
    },
    metrics: ['/internal/m', '/internal/m/'],
    pages: ['/metrics', '/internal'],
  },
  {
    as: 'a router with use(handler)',
    mount: (app, handler, newRouter) => {
      const router = newRouter()
      router.use(handler)
      app.use('/internal', router)
    },
    metrics: ['/internal', '/internal/metrics', '/internal/metrics?x'],
    health: ['/internal/healthz'],
    pages: ['/metrics', '/healthz', '/internal/x'],
  },
  {
    as: "a router with use('/metrics', handler)",
    mount: (app, handler, newRouter) => {
      const router = newRouter()
      router.use('/metrics', handler)
      app.use('/internal', router)
    },
    metrics: ['/internal/metrics', '/internal/metrics/', '/internal/metrics?x'],
    health: ['/internal/metrics/healthz'],
    pages: ['/metrics', '/healthz', '/internal', '/internal/healthz'],
  },
  {
    as: "a router with get('/m', handler)",
    mount: (app, handler, newRouter) => {
      const router = newRouter()
      router.get('/m', handler)
      app.use('/internal', router)
    },
    metrics: ['/internal/m', '/internal/m/', '/internal/m?x'],
    pages: ['/m', '/metrics', '/internal', '/internal/healthz'],
  },
  {
    as: 'use(handler) behind a route that passes every request on',
    mount: (app, handler) => {
      app.get(/.*/, (_request, _response, next) => next?.())
      app.use(handler)
    },
    metrics: ['/metrics'],
    health: ['/healthz'],
    pages: ['/', '/x'],
  },
]

const FRAMEWORKS = {
  'Express 5': { newApp: () => express(), newRouter: () => express.Router() },
  'Express 4': { newApp: () => express4(), newRouter: () => express4.Router() },
} as unknown as Readonly<Record<string, Readonly<Record<string, () => RoutingApplication>>>>

for (const [name, { newApp, newRouter }] of Object.entries(FRAMEWORKS)) {
  for (const mounting of [...MOUNTINGS, ...ROUTINGS]) {
    test(`${name}: ${mounting.as}`, (context) => check(context, mounting, newApp, newRouter))
  }
}

test('Express: a handler mounted by use answers all methods, one on a route only its own', async (context) => {
  const app = express()
  const handler = metricsHandler(textSource(() => METRICS))
  app.use('/metrics', handler)
  app.get('/m', handler)
  app.use((_request, response) => void response.end(PAGE))
  const url = await serve(context, app)
  for (const method of ['POST', 'PUT', 'OPTIONS']) {
    const response = await fetch(`${url}/metrics`, { method })
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'GET, HEAD'])
  }
  assert.equal(await (await fetch(`${url}/m`, { method: 'POST' })).text(), PAGE)
})

for (const mounting of MOUNTINGS) {
  const newApp = (): Application => connect() as unknown as Application
  test(`connect: ${mounting.as}`, (context) => check(context, mounting, newApp, newApp))
}

async function check<App extends Application>(
  context: TestContext,
  { options, mount, metrics, health = [], pages }: Mounting<App>,
  newApp: () => App,
  newRouter: () => App,
): Promise<void> {
  const app = newApp()
  mount(
    app,
    metricsHandler(
      textSource(() => METRICS),
      options,
    ),
    newRouter,
  )
  app.use((_request, response) => response.end(PAGE))
  const url = await serve(context, app)
  const ask = async (path: string, method: string) => {
    const response = await fetch(url + path, { method })
    return [response.status, response.headers.get('allow'), await response.text()]
  }
  for (const [paths, text] of [
    [metrics, METRICS],
    [health, HEALTH],
  ] as const) {
    for (const path of paths) {
      assert.deepEqual(await ask(path, 'GET'), [200, null, text], path)
      assert.deepEqual(await ask(path, 'HEAD'), [200, null, ''], path)
    }
  }
  for (const path of pages) assert.deepEqual(await ask(path, 'GET'), [200, null, PAGE], path)
}
