import assert from 'node:assert/strict'
import { test } from 'node:test'
import express from 'express'
import { type ScrapeTarget, serviceDiscoveryHandler } from '../../src/index.js'
import { failure } from '../support/assertions/failures.js'
import { ask } from '../support/processes/ask.js'
import { serve } from '../support/processes/servers.js'

const NONE = { targets: [] }

test('the list has the host, port, scheme and path of each URL, and the instance', async (context) => {
  const source: { targets: readonly ScrapeTarget[] } = { targets: [] }
  const url = await serve(context, serviceDiscoveryHandler(source))
  const list = async () => {
    const { status, headers, body } = await ask(`${url}/sd`)
    assert.equal(status, 200)
    // Prometheus rejects other types.
    assert.match(String(headers['content-type']), /^application\/json; charset=utf-8$/)
    return body.toString()
  }
  assert.equal(await list(), '[]')
  source.targets = [
    { instance: 'host a:1 "é"', url: 'http://host-a:9464/metrics' },
    { instance: 'b', url: 'https://[fd00::1]/internal/m' },
    { instance: 'c', url: 'http://host-c/metrics' },
  ]
  assert.deepEqual(JSON.parse(await list()), [
    {
      targets: ['host-a:9464'],
      labels: { instance: 'host a:1 "é"', __scheme__: 'http', __metrics_path__: '/metrics' },
    },
    {
      targets: ['[fd00::1]:443'],
      labels: { instance: 'b', __scheme__: 'https', __metrics_path__: '/internal/m' },
    },
    {
      targets: ['host-c:80'],
      labels: { instance: 'c', __scheme__: 'http', __metrics_path__: '/metrics' },
    },
  ])
})

test('status 503 while the targets are unknown, so that Prometheus keeps its targets', async (context) => {
  const url = await serve(context, serviceDiscoveryHandler({ targets: undefined }))
  const { status, headers } = await ask(`${url}/sd`)
  assert.deepEqual([status, headers['retry-after']], [503, '5'])
})

test('the list needs the credentials of the metrics, and only GET and HEAD are answered', async (context) => {
  const url = await serve(context, serviceDiscoveryHandler(NONE, { bearerToken: 'secret' }))
  const { status, headers, body } = await ask(`${url}/sd`)
  assert.deepEqual([status, headers['www-authenticate']], [401, 'Bearer realm="moonmeter"'])
  assert.doesNotMatch(body.toString(), /\[/)
  const authorization = { authorization: 'Bearer secret' }
  const answers = ['GET', 'HEAD', 'POST'].map((method) => ask(`${url}/sd`, authorization, method))
  assert.deepEqual(
    (await Promise.all(answers)).map(({ status, headers: { allow }, body }) => [
      status,
      allow,
      status === 200 ? body.toString() : '',
    ]),
    [
      [200, undefined, '[]'],
      [200, undefined, ''],
      [405, 'GET, HEAD', ''],
    ],
  )
})

test('other paths are passed to the application, and get 404 without one', async (context) => {
  const alone = await serve(context, serviceDiscoveryHandler(NONE))
  const app = express()
  app.use('/internal', serviceDiscoveryHandler(NONE))
  app.use('/targets', serviceDiscoveryHandler(NONE, { path: '/targets' }))
  app.use((_, response) => void response.status(418).end())
  const mounted = await serve(context, app)
  const statuses = async (urls: readonly string[]) =>
    Promise.all(urls.map(async (url) => (await ask(url)).status))
  assert.deepEqual(
    await statuses([`${alone}/sd/?x`, `${alone}/`, `${alone}/metrics`, `${alone}/sd/x`]),
    [200, 404, 404, 404],
  )
  assert.deepEqual(
    await statuses(['/internal/sd', '/targets', '/internal', '/sd'].map((path) => mounted + path)),
    [200, 200, 418, 418],
  )
})

test('a source without targets, and unknown options, are rejected', () => {
  for (const source of [undefined, null, {}, 'watch']) {
    assert.throws(() => serviceDiscoveryHandler(source as never), failure('INVALID_OPTION'))
  }
  for (const options of [{ path: 'sd' }, { bearerToken: '' }, { healthPath: '/x' }]) {
    assert.throws(() => serviceDiscoveryHandler(NONE, options as never), failure('INVALID_OPTION'))
  }
})
