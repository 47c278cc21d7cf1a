import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Counter, Registry } from 'prom-client'
import { EngineAggregator, metricsHandler } from '../../src/index.js'
import { serve } from '../support/processes/servers.js'

async function newSource(context: TestContext): Promise<{ url: string; registry: Registry }> {
  const registry = new Registry()
  const aggregator = new EngineAggregator({ registry })
  context.after(() => aggregator.close())
  return { url: await serve(context, metricsHandler(aggregator)), registry }
}

test('/metrics returns the registry’s text and content type, with any query', async (context) => {
  const { url, registry } = await newSource(context)
  new Counter({ name: 'requests_total', help: 'Requests, \u{1f680}.', registers: [registry] }).inc()
  for (const path of ['/metrics', '/metrics?', '/metrics?name=x&name=y', '/metrics?a=/../b?c']) {
    const response = await fetch(url + path)
    const text = await response.text()
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), registry.contentType)
    assert.equal(text, await registry.metrics())
    assert.equal(response.headers.get('content-length'), String(Buffer.byteLength(text)))
  }
})

test('an OpenMetrics registry is served in its own content type', async (context) => {
  const registry = new Registry()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
  const response = await fetch(`${await serve(context, metricsHandler({ registry }))}/metrics`)
  assert.equal(response.headers.get('content-type'), Registry.OPENMETRICS_CONTENT_TYPE)
  assert.match(await response.text(), /# EOF\n$/)
})

test('HEAD returns the headers of GET without the body', async (context) => {
  const { url } = await newSource(context)
  for (const path of ['/metrics', '/healthz', '/nowhere']) {
    const [head, get] = [await fetch(url + path, { method: 'HEAD' }), await fetch(url + path)]
    const text = await get.text()
    assert.equal(await head.text(), '')
    assert.equal(head.status, get.status)
    for (const name of ['content-type', 'content-length']) {
      assert.equal(head.headers.get(name), get.headers.get(name))
    }
    assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(text)))
  }
})

test('/healthz returns ok with any query, even if the registry fails', async (context) => {
  const registry = { contentType: 'text/plain', metrics: failing, registerMetric() {} }
  const url = await serve(context, metricsHandler({ registry }))
  for (const path of ['/healthz', '/healthz?verbose']) {
    const response = await fetch(url + path)
    assert.deepEqual([response.status, await response.text()], [200, 'ok\n'])
  }
})

test('other paths return 404, however similar', async (context) => {
  const { url } = await newSource(context)
  const paths = ['/', '/metrics/', '/metricsx', '/METRICS', '//metrics', '/healthz/', '/%6detrics']
  for (const path of paths) {
    for (const method of ['GET', 'POST']) {
      const response = await fetch(url + path, { method })
      assert.equal(response.status, 404, path)
      assert.match(response.headers.get('content-type') ?? '', /^text\/plain/)
      await response.text()
    }
  }
})

test('other methods return 405 with the allowed ones', async (context) => {
  const { url } = await newSource(context)
  for (const path of ['/metrics', '/healthz?x']) {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const response = await fetch(url + path, { method })
      assert.equal(response.status, 405)
      assert.equal(response.headers.get('allow'), 'GET, HEAD')
      await response.text()
    }
  }
})

test('a registry that rejects causes a 500 without internal details, and the next scrape works', async (context) => {
  let isFailing = true
  const registry = {
    contentType: 'text/plain; charset=utf-8',
    registerMetric() {},
    metrics: () => (isFailing ? failing() : Promise.resolve('a 1\n')),
  }
  const url = await serve(context, metricsHandler({ registry }))
  const failed = await fetch(`${url}/metrics`)
  const text = await failed.text()
  assert.equal(failed.status, 500)
  assert.doesNotMatch(text, /secret|Error|\bat\b.*:\d+/)
  isFailing = false
  assert.equal(await (await fetch(`${url}/metrics`)).text(), 'a 1\n')
})

test('a registry that throws synchronously causes a 500 too', async (context) => {
  const registry = {
    contentType: 'text/plain',
    registerMetric() {},
    metrics(): Promise<string> {
      throw new Error('secret')
    },
  }
  const response = await fetch(`${await serve(context, metricsHandler({ registry }))}/metrics`)
  assert.equal(response.status, 500)
  assert.doesNotMatch(await response.text(), /secret/)
})

async function failing(): Promise<string> {
  throw new Error('a secret path: /etc/shadow')
}
