import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import { EngineAggregator, metricsHandler } from '../../src/index.js'
import { MIB, memoryInUse } from '../support/assertions/memory.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'
import { openClient, parseResponses, type RawClient } from '../support/processes/raw-client.js'
import { serve } from '../support/processes/servers.js'
import { numberedLines, textSource } from '../support/processes/text-source.js'
import { waitUntil } from '../support/processes/wait-until.js'

const GET = 'GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n'
const LAST_GET = 'GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'
const PIPELINED = 500
/** Requests answered at a time, by default. */
const RESPONSES_MAX = 16
/** More than the buffers of both ends of a connection hold. */
const LARGE_BYTES = 24 * MIB
const ENGINES = 150
const SERIES = ['a', 'b', 'c', 'd'].flatMap((operation) =>
  ['ok', 'error'].map((status) => seriesWithRows(10, operation, status)),
)

/** Counts how often it is rendered. */
class CountingRegistry extends Registry {
  renderings = 0

  override getMetricsAsArray() {
    this.renderings++
    return super.getMetricsAsArray()
  }
}

/** Serves many engines. */
async function serveEngines(context: TestContext) {
  const registry = new CountingRegistry()
  // On a busy machine, seconds pass between the scrapes of a test; no engine may be down then.
  const aggregator = new EngineAggregator({ registry, silentAfterMs: 1e9 })
  context.after(() => aggregator.close())
  for (let engine = 0; engine < ENGINES; engine++) {
    assert.ok(aggregator.ingest(reportBytes({ engine, series: SERIES })).accepted)
  }
  const url = await serve(context, metricsHandler(aggregator))
  const text = await (await fetch(`${url}/metrics`)).text()
  registry.renderings = 0
  return { aggregator, registry, url, text }
}

/** Serves and counts the requests that came, and those whose connection or response is over. */
async function serveCounted(context: TestContext, listener: RequestListener) {
  const requests = { came: 0, over: 0 }
  const url = await serve(context, (request, response) => {
    response.once('close', () => requests.over++)
    listener(request, response)
    requests.came++
  })
  return { url, requests }
}

test('500 unread pipelined scrapes share one rendering, and use little memory', async (context) => {
  const { registry, url } = await serveEngines(context)
  const before = await memoryInUse()
  const client = openClient(context, url)
  client.socket.pause()
  client.socket.write(GET.repeat(PIPELINED))
  await waitUntil('a rendering', () => registry.renderings > 0)
  await sleep(300)
  // One more if the requests arrive in two pieces.
  assert.ok(registry.renderings <= 2, `${registry.renderings} renderings`)
  const growth = ((await memoryInUse()).rss - before.rss) / MIB
  assert.ok(growth < 100, `${growth} MiB`)
})

test('of 500 pipelined scrapes those past the limit get 503, the others one whole rendering', async (context) => {
  const { registry, url, text } = await serveEngines(context)
  const client = openClient(context, url)
  client.socket.write(GET.repeat(PIPELINED - 1) + LAST_GET)
  const responses = parseResponses(await client.closed)
  assert.equal(responses.length, PIPELINED)
  assert.ok(registry.renderings <= 2, `${registry.renderings} renderings`)
  const whole = responses.filter(({ status }) => status === 200)
  assert.equal(whole.length, RESPONSES_MAX)
  for (const { body } of whole) assert.equal(body.toString(), text)
  const busy = responses.filter(({ status }) => status === 503)
  assert.equal(busy.length, PIPELINED - whole.length)
  for (const { headers } of busy) assert.match(headers, /\r\nRetry-After: 1\r\n/)
  // The limit is on those that are being answered.
  assert.equal((await fetch(`${url}/metrics`)).status, 200)
})

test('all requests during a rendering share the next one', async (context) => {
  let counted = 0
  const finish: (() => void)[] = []
  const source = textSource(() => {
    const text = `counted ${counted}\n`
    return new Promise((resolve) => finish.push(() => resolve(text)))
  })
  const { url, requests } = await serveCounted(context, metricsHandler(source))
  const scrape = async () => (await fetch(`${url}/metrics`)).text()
  const first = [scrape()]
  await waitUntil('the first rendering', () => source.renderings === 1)
  counted = 1
  const second = Array.from({ length: 10 }, scrape)
  await waitUntil('all requests', () => requests.came === 11)
  assert.equal(source.renderings, 1)
  counted = 2
  finish[0]()
  assert.deepEqual(await Promise.all(first), ['counted 0\n'])
  await waitUntil('the second rendering', () => source.renderings === 2)
  finish[1]()
  assert.deepEqual(new Set(await Promise.all(second)), new Set(['counted 2\n']))
  assert.equal(source.renderings, 2)
})

test('nothing is rendered for clients that disconnected while they waited', async (context) => {
  const finish: (() => void)[] = []
  const source = textSource(() => new Promise((resolve) => finish.push(() => resolve('a 1\n'))))
  const { url, requests } = await serveCounted(context, metricsHandler(source))
  const first = fetch(`${url}/metrics`)
  await waitUntil('the first rendering', () => finish.length === 1)
  const leaving = openClient(context, url)
  leaving.socket.write(GET)
  await waitUntil('its request', () => requests.came === 2)
  leaving.socket.resetAndDestroy()
  await waitUntil('the end of its connection', () => requests.over === 1)
  finish[0]()
  assert.equal(await (await first).text(), 'a 1\n')
  // The next rendering starts when one ends, before its response is sent.
  assert.equal(source.renderings, 1)
})

test('a slow client gets its whole rendering while others get newer ones', async (context) => {
  const { aggregator, url, text } = await serveEngines(context)
  const slow = openClient(context, url)
  slow.socket.write(LAST_GET)
  await waitUntil('the first bytes', () => slow.received().length > 0)
  slow.socket.pause()
  for (let scrape = 2; scrape < 5; scrape++) {
    for (let engine = 0; engine < ENGINES; engine++) {
      const series = SERIES.map(({ operation, status }) =>
        seriesWithRows(10 * scrape, operation, status),
      )
      aggregator.ingest(reportBytes({ engine, sequence: scrape, series }))
    }
    const newer = await (await fetch(`${url}/metrics`)).text()
    assert.notEqual(newer, text)
  }
  slow.socket.resume()
  const [{ body }] = parseResponses(await slow.closed)
  assert.equal(body.toString(), text)
})

test('clients that stop reading hold four renderings at most, and a fifth waits for one of them', async (context) => {
  const text = numberedLines(LARGE_BYTES)
  const source = textSource(() => text)
  const { url, requests } = await serveCounted(context, metricsHandler(source))
  const clients: RawClient[] = []
  for (let rendering = 1; rendering <= 4; rendering++) {
    const client = openClient(context, url)
    client.socket.pause()
    client.socket.write(GET)
    await waitUntil('a rendering', () => source.renderings === rendering)
    clients.push(client)
  }
  const fifth = fetch(`${url}/metrics`)
  await waitUntil('the fifth request', () => requests.came === 5)
  assert.equal(source.renderings, 4)
  clients[2].socket.destroy()
  const response = await fifth
  assert.equal((await response.arrayBuffer()).byteLength, text.length)
})
