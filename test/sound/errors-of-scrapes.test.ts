import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Gauge, Registry } from 'prom-client'
import {
  EngineAggregator,
  listen,
  type MetricsHandlerOptions,
  metricsHandler,
} from '../../src/index.js'
import { failure } from '../support/assertions/failures.js'
import { openClient, parseResponses } from '../support/processes/raw-client.js'
import { serve } from '../support/processes/servers.js'
import { textSource } from '../support/processes/text-source.js'

const WARNINGS_MAX = 32

/** Serves a registry with metrics that throw the given value, and metrics of an aggregator. */
async function serveFailing(
  context: TestContext,
  thrown: () => unknown,
  options: MetricsHandlerOptions,
) {
  const registry = new Registry()
  const aggregator = new EngineAggregator({ registry })
  context.after(() => aggregator.close())
  new Gauge({
    name: 'failing',
    help: 'Fails.',
    registers: [registry],
    collect() {
      throw thrown()
    },
  })
  return serve(context, metricsHandler(aggregator, options))
}

test('the error of a failed scrape is passed to onError unchanged and once, and never to the client', async (context) => {
  const errors: unknown[] = []
  const cause = new Error('no route to the database of /etc/shadow')
  const onError = (error: unknown) => errors.push(error)
  const url = await serveFailing(context, () => cause, { onError })
  const response = await fetch(`${url}/metrics`)
  assert.equal(response.status, 500)
  assert.equal(await response.text(), 'internal error: the metrics could not be rendered\n')
  assert.deepEqual(errors, [cause])
  assert.equal(errors[0], cause)
})

test('listen respects onError, and a failure of several requests is passed to it once', async (context) => {
  const errors: unknown[] = []
  const source = textSource(() => {
    throw new Error('broken')
  })
  const onError = (error: unknown) => errors.push(error)
  const server = await listen(source, { port: 0, onError })
  context.after(() => server.close())
  const client = openClient(context, server.url)
  const get = 'GET /metrics HTTP/1.1\r\nhost: a\r\n'
  client.socket.write(`${`${get}\r\n`.repeat(4)}${get}connection: close\r\n\r\n`)
  const responses = parseResponses(await client.closed)
  assert.deepEqual(
    responses.map(({ status }) => status),
    [500, 500, 500, 500, 500],
  )
  assert.equal(errors.length, source.renderings)
  assert.ok(errors.length <= 2)
})

test('without onError there is one warning for each new message, and a bounded number', async (context) => {
  const warnings: Error[] = []
  const listener = (warning: Error) => warnings.push(warning)
  process.on('warning', listener)
  context.after(() => process.off('warning', listener))
  let thrown: unknown = new Error('first cause')
  const url = await serveFailing(context, () => thrown, {})
  const scrape = async () => {
    assert.equal((await fetch(`${url}/metrics`)).status, 500)
    await turn()
    return warnings.map(({ message }) => message)
  }
  const text = (cause: string) => `metricsHandler: a scrape failed: ${cause}`
  assert.deepEqual(await scrape(), [text('first cause')])
  assert.deepEqual(await scrape(), [text('first cause')])
  thrown = Object.create(null)
  assert.deepEqual(await scrape(), [text('first cause'), text('an object')])
  for (let cause = 0; cause < WARNINGS_MAX; cause++) {
    thrown = `cause ${cause}`
    await scrape()
  }
  assert.equal(warnings.length, WARNINGS_MAX)
  assert.ok(warnings.every(({ name }) => name === 'MoonmeterWarning'))
})

test('an onError that throws or rejects changes nothing', async (context) => {
  const handlers = [
    () => {
      throw new Error('onError itself')
    },
    () => Promise.reject(new Error('onError itself')),
  ]
  for (const onError of handlers) {
    let isFailing = true
    const source = textSource(() => {
      if (isFailing) throw new Error('broken')
      return 'a 1\n'
    })
    const url = await serve(context, metricsHandler(source, { onError }))
    assert.equal((await fetch(`${url}/metrics`)).status, 500)
    isFailing = false
    assert.equal(await (await fetch(`${url}/metrics`)).text(), 'a 1\n')
  }
})

test('a response that other code has started is not an uncaught error', async (context) => {
  const errors: unknown[] = []
  const onError = (error: unknown) => errors.push(error)
  const handler = metricsHandler(
    textSource(() => 'a 1\n'),
    { onError },
  )
  const url = await serve(context, (request, response) => {
    response.writeHead(200).flushHeaders()
    handler(request, response)
  })
  for (const path of ['/metrics', '/healthz', '/nowhere']) {
    await assert.rejects((await fetch(url + path)).text())
  }
  assert.equal(errors.length, 3)
})

test('a target in absolute form is reduced to its path, and a malformed one is not a server error', async (context) => {
  const url = await serve(context, metricsHandler(textSource(() => 'a 1\n')))
  const { host } = new URL(url)
  const cases: readonly (readonly [target: string, status: number])[] = [
    [`${url}/metrics`, 200],
    [`HTTP://${host}/metrics?a=b`, 200],
    ['https://other.example/metrics', 200],
    ['http://[::1]:9464/metrics', 200],
    ['http://a:b@c/healthz', 200],
    ['/metrics?x=1', 200],
    ['/metrics?http://a/', 200],
    [url, 404],
    [`${url}/nowhere`, 404],
    [`${url}//metrics`, 404],
    ['http:///metrics', 404],
    ['http:/metrics', 400],
    ['ftp://a/metrics', 404],
    ['//metrics', 404],
    ['//a/metrics', 404],
    ['/a/http://b/metrics', 404],
    ['*', 404],
    ['/%', 404],
    ['/%00', 404],
    ['/metrics%20', 404],
    ['/metrics#a', 404],
    ['metrics', 400],
    ['', 400],
    [':', 400],
    ['/met rics', 400],
    [`/${'a'.repeat(20_000)}`, 431],
  ]
  for (const [target, status] of cases) {
    const client = openClient(context, url)
    await once(client.socket, 'connect')
    client.socket.write(`GET ${target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
    const [, got = ''] = /^HTTP\/1\.1 (\d+)/.exec((await client.closed).toString()) ?? []
    assert.equal(got, String(status), target.slice(0, 40))
  }
})

test('null, unknown and wrong arguments of metricsHandler are MoonmeterErrors', () => {
  const source = textSource(() => '')
  const sources = [null, undefined, 5, {}, { registry: null }, { registry: {} }] as never[]
  for (const wrong of sources) {
    assert.throws(() => metricsHandler(wrong), failure('INVALID_OPTION'))
  }
  const options = [
    null,
    5,
    { onError: 5 },
    { onError: null },
    { responsesMax: 0 },
    { responsesMax: '1' },
    { stallTimeoutMs: Number.NaN },
    { responseTimeoutMs: 2 ** 31 },
    { basicAuth: null },
    { basicAuth: {} },
    { timeout: 5 },
  ] as never[]
  for (const wrong of options) {
    assert.throws(
      () => metricsHandler(source, wrong),
      failure('INVALID_OPTION'),
      JSON.stringify(wrong),
    )
  }
  metricsHandler(source, undefined)
})
