import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** A file of a user; each marked line must have a type error. */
const CONSUMER = `
import { createServer } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import connect from 'connect'
import express from 'express'
import express4 from 'express-4'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { EngineAggregator, listen, metricsHandler } from 'moonmeter'
import type { ContentEncoding, ListenOptions, MetricsHandler, MetricsHandlerOptions, MetricsServer,
  PathOptions } from 'moonmeter'
import { dashboardHandler, type DashboardOptions } from 'moonmeter/dashboard'
import { metricsPlugin, type MetricsPluginOptions } from 'moonmeter/fastify'
import { Registry } from 'prom-client'

const aggregator = new EngineAggregator()
const encodings: readonly ContentEncoding[] = ['gzip']
const paths: PathOptions = { path: '/m', healthPath: false }
const options: MetricsHandlerOptions = { ...paths, compression: encodings, bearerToken: 'secret' }
const handler: MetricsHandler = metricsHandler(aggregator, options)
createServer(handler).on('request', handler)
metricsHandler({ registry: new Registry() })

const app = express()
app.use(handler).use('/metrics', handler)
app.get('/metrics', handler)
app.use('/internal', express.Router().get('/m', handler))
app.get('/m', (request, response, next) => handler(request, response, next))
express4().use('/metrics', handler).get('/metrics', handler)
connect().use(handler).use('/metrics', handler)

const fastify = Fastify({ logger: true })
fastify.register(metricsPlugin, { aggregator })
const pluginOptions: MetricsPluginOptions = { aggregator, ...options }
await fastify.register(metricsPlugin, { ...pluginOptions, prefix: '/internal', logLevel: 'warn' })

new Koa().use((ctx) => handler(ctx.req, ctx.res))
new Hono<{ Bindings: HttpBindings }>().get('/metrics', (c) => {
  handler(c.env.incoming, c.env.outgoing)
  return c.body(null)
})

const pageOptions: DashboardOptions = { ...options, pagePath: '/dash', streamsMax: 8 }
const page: MetricsHandler = dashboardHandler(aggregator, pageOptions)
dashboardHandler(new EngineAggregator({ registry: new Registry() }), { historyBytesMax: 1e6 })
createServer((request, response) => handler(request, response, () => page(request, response)))
app.use('/dash', page)
express4().use('/dash', page)
connect().use('/dash', page)
const listenOptions: ListenOptions = { port: 0, host: '::', connectionsMax: 8, next: page, ...options }
const server: MetricsServer = await listen(aggregator, listenOptions)
const url: string = server.url
await server.close()

// @ts-expect-error no encoding of ours
metricsHandler(aggregator, { compression: ['br'] })
// @ts-expect-error there is always a path
metricsHandler(aggregator, { path: false })
// @ts-expect-error no registry
metricsHandler({})
// @ts-expect-error a registry has no percentiles
dashboardHandler({ registry: new Registry() })
// @ts-expect-error no such option
dashboardHandler(aggregator, { streamMax: 1 })
// @ts-expect-error an aggregator is required
fastify.register(metricsPlugin)
// @ts-expect-error an aggregator is required
fastify.register(metricsPlugin, { path: '/m' })
// @ts-expect-error no such option
fastify.register(metricsPlugin, { aggregator, endpoint: '/m' })
export { url }
`

test('the types are compatible with those of each framework in a strict project', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'moonmeter-frameworks-'))
  context.after(() => rmSync(folder, { recursive: true }))
  // The package as installed in a user's project.
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const paths = {
    moonmeter: [join(ROOT, 'dist/src/index.d.ts')],
    'moonmeter/dashboard': [join(ROOT, 'dist/src/dashboard/index.d.ts')],
    'moonmeter/fastify': [join(ROOT, 'dist/src/fastify/metrics-plugin.d.ts')],
  }
  writeFileSync(join(folder, 'consumer.mts'), CONSUMER)
  const compilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    module: 'nodenext',
    target: 'es2023',
    types: ['node'],
    // The declarations of the frameworks are not checked.
    skipLibCheck: true,
    paths,
  }
  const project = { compilerOptions, include: ['consumer.mts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder])
  assert.equal(String(stdout), '')
  assert.equal(status, 0)
})
