import assert from 'node:assert/strict'
import type { RequestListener, ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { DashboardOptions } from '../../src/dashboard/dashboard-options.js'
import { dashboardHandler } from '../../src/dashboard/index.js'
import { EngineAggregator } from '../../src/index.js'
import { readEvent } from '../../src/live/read-message.js'
import { pack } from '../../src/wire/msgpack.js'
import { MIB } from '../support/assertions/memory.js'
import { countsIn, intervalOf } from '../support/generators/live-intervals.js'
import { ask } from '../support/processes/ask.js'
import { makeDashboard, type TestDashboard } from '../support/processes/dashboards.js'
import { openStream } from '../support/processes/event-stream.js'
import { openClient, readSlowly, SLOW_STALL_MS } from '../support/processes/raw-client.js'
import { serve } from '../support/processes/servers.js'
import { waitUntil } from '../support/processes/wait-until.js'

const ROW = pack({ load_get: [{ duration_seconds: 0.5, num_keys: 3 }] })
const GET = 'GET /live HTTP/1.1\r\nhost: a\r\n\r\n'
/** More bytes than the buffers of both ends of a connection hold. */
const LARGE_BYTES = 24 * MIB
/** Enough bytes for an update, the last event of the client. */
const END_BYTES = 4_096
const START_MS = 1_700_000_000_000

interface Started extends TestDashboard {
  readonly url: string
  /** The responses that the server has begun. */
  readonly responses: readonly ServerResponse[]
}

async function start(context: TestContext, options: DashboardOptions = {}): Promise<Started> {
  const dashboard = await makeDashboard(context, options)
  const responses: ServerResponse[] = []
  const listener: RequestListener = (request, response) => {
    responses.push(response)
    dashboard.handler(request, response)
  }
  return { ...dashboard, url: `${await serve(context, listener)}/live`, responses }
}

/** An interval before the begin of the dashboard, with series of the given bytes. */
function largeInterval(bytes: number) {
  const interval = intervalOf(START_MS - 5_000, START_MS - 4_000, [{ seconds: 1 }])
  return { ...interval, series: new Uint8Array(bytes) }
}

test('a stream has hello, the history and then an update each second', async (context) => {
  const { aggregator, feed, url, pass } = await start(context)
  for (let engine = 0; engine < 3; engine++) {
    aggregator.ingest(ROW, { engine })
    await pass()
  }
  const stream = await openStream(context, url)
  const { statusCode, headers } = stream.response
  assert.equal(statusCode, 200)
  assert.equal(headers['content-type'], 'text/event-stream')
  assert.equal(headers['cache-control'], 'no-store, no-transform')
  assert.equal(headers['x-accel-buffering'], 'no')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  await stream.waitFor(4)
  assert.deepEqual(stream.names, ['hello', 'history', 'history', 'update'])
  assert.deepEqual(stream.events[0]?.message, {
    service: 'moonmeter',
    version: 1,
    modelName: 'a model',
    bounds: aggregator.snapshot().bounds,
    intervalMs: feed.updateMs,
    isResumed: false,
  })
  aggregator.ingest(ROW, { engine: 3 })
  await pass()
  const events = await stream.waitFor(5)
  const intervals = events.slice(1).map(({ name, message }) => {
    const event = readEvent(name, JSON.stringify(message))
    assert.ok((event.kind === 'history' || event.kind === 'update') && event.interval)
    return event.interval
  })
  assert.deepEqual(intervals, feed.history.intervals)
  assert.equal(countsIn(intervals).size, 4)
  assert.deepEqual(
    events.map(({ id }) => id),
    [undefined, undefined, undefined, `${feed.id}:4`, `${feed.id}:5`],
  )
  stream.close()
})

test('a stream that begins before the first update has no history', async (context) => {
  const aggregator = new EngineAggregator()
  const url = await serve(context, dashboardHandler(aggregator))
  const stream = await openStream(context, `${url}/live`)
  await stream.waitFor(2)
  assert.deepEqual(stream.names.slice(0, 2), ['hello', 'update'])
  await stream.waitFor(3)
  assert.deepEqual(stream.sequences.slice(0, 2), [1, 2])
  stream.close()
  await aggregator.close()
})

test('HEAD has the headers of the stream, and does not count towards streamsMax', async (context) => {
  const { url } = await start(context, { streamsMax: 1 })
  for (let count = 0; count < 3; count++) {
    const { status, headers, body } = await ask(url, {}, 'HEAD')
    assert.deepEqual([status, body.length], [200, 0])
    assert.equal(headers['content-type'], 'text/event-stream')
  }
  assert.equal((await openStream(context, url)).response.statusCode, 200)
})

test('a reader that reconnects gets the updates after its last one', async (context) => {
  const { feed, url, pass } = await start(context)
  for (let count = 0; count < 4; count++) await pass()
  const stream = await openStream(context, url, { 'last-event-id': `${feed.id}:3` })
  await stream.waitFor(3)
  assert.deepEqual(stream.names, ['hello', 'update', 'update'])
  assert.equal(stream.events[0]?.message.isResumed, true)
  assert.deepEqual(stream.sequences, [4, 5])
  await pass()
  await stream.waitFor(4)
  assert.deepEqual(stream.sequences, [4, 5, 6])
})

test('a reader without a kept update of this server gets the whole history', async (context) => {
  const { feed, url, pass } = await start(context)
  for (let count = 0; count < 70; count++) await pass()
  const { id } = feed
  for (const given of [
    ...[`${id}:5`, `${id}:72`, `${id}:`, `${id}:x`, `${id}:1e1`, `${id}:70.5`, `${id}:-1`],
    ...[`${id}:NaN`, `${id}:Infinity`, `${id}:0x40`, `other:70`, ':70', '70', id, '', ' '],
  ]) {
    const stream = await openStream(context, url, { 'last-event-id': given })
    await stream.waitFor(3)
    assert.equal(stream.events[0]?.message.isResumed, false, given)
    assert.equal(stream.names[1], 'history', given)
    stream.close()
  }
})

test('a reader that has the last update gets the next one', async (context) => {
  const { feed, url, pass } = await start(context)
  await pass()
  const stream = await openStream(context, url, { 'last-event-id': `${feed.id}:2` })
  await stream.waitFor(1)
  await pass()
  await stream.waitFor(2)
  assert.deepEqual(stream.sequences, [3])
})

test('a reader starts over on its connection when the clock is set', async (context) => {
  const { url, pass } = await start(context)
  await pass()
  await pass()
  const stream = await openStream(context, url)
  await stream.waitFor(3)
  await pass(-60_000)
  await stream.waitFor(5)
  await pass()
  const events = await stream.waitFor(6)
  assert.deepEqual(stream.names.slice(3), ['hello', 'update', 'update'])
  assert.equal(events[3]?.message.isResumed, false)
  assert.deepEqual(Object.keys(events[4]?.message ?? {}), ['state'])
  assert.deepEqual(Object.keys(events[5]?.message ?? {}), ['interval', 'state'])
})

test('streams beyond streamsMax get status 503, until others have closed', async (context) => {
  const { url } = await start(context, { streamsMax: 2 })
  const first = await openStream(context, url)
  const second = await openStream(context, url)
  const { status, headers, body } = await ask(url)
  assert.deepEqual([status, headers['retry-after']], [503, '5'])
  assert.equal(body.toString(), 'busy: 2 pages are open at most\n')
  assert.equal((await ask(url, {}, 'HEAD')).status, 503)
  first.close()
  const third = await waitUntil('a free place', async () => {
    const stream = await openStream(context, url)
    if (stream.response.statusCode === 200) return stream
    stream.close()
    return undefined
  })
  assert.equal((await ask(url)).status, 503)
  second.close()
  third.close()
  await waitUntil('all places', async () => {
    const all = await Promise.all([openStream(context, url), openStream(context, url)])
    const isFree = all.every(({ response }) => response.statusCode === 200)
    for (const stream of all) stream.close()
    return isFree
  })
})

test('a stream that is pipelined after another response gets status 503, and does not count', async (context) => {
  const { url, responses } = await start(context, { streamsMax: 3 })
  const client = openClient(context, url)
  client.socket.write(GET + GET + GET)
  await waitUntil('the requests', () => responses.length === 3)
  await waitUntil('hello', () => client.received().includes('event: hello'))
  client.socket.destroy()
  await waitUntil('three free places', async () => {
    const all = await Promise.all([1, 2, 3].map(() => openStream(context, url)))
    for (const stream of all) stream.close()
    return all.every(({ response }) => response.statusCode === 200)
  })
  const statuses = responses.map(({ statusCode }) => statusCode)
  assert.deepEqual(statuses.slice(0, 3), [200, 503, 503])
})

test('streams end with the aggregator', async (context) => {
  const aggregator = new EngineAggregator()
  const url = await serve(context, dashboardHandler(aggregator))
  const stream = await openStream(context, `${url}/live`)
  await stream.waitFor(2)
  await aggregator.close()
  await stream.waitForEnd()
  assert.equal(stream.response.complete, true)
})

/** Fills the connection of a client that has stopped reading with updates. */
async function fillConnection({ aggregator, pass, responses }: Started): Promise<void> {
  for (let engine = 0; engine < 2_000; engine++) {
    aggregator.ingest(ROW, { engine, instance: `${'host-'.repeat(20)}${engine}` })
  }
  await waitUntil('a full connection', async () => {
    await pass()
    // The bytes that fit into the connection are sent in these turns.
    for (let turns = 0; turns < 10; turns++) await turn()
    return (responses[0]?.writableLength ?? 0) > 0
  })
}

test('a client that stops reading is closed after the limit, and reconnects without loss', async (context) => {
  const stallTimeoutMs = 300
  const started = await start(context, { stallTimeoutMs, streamsMax: 1 })
  const { feed, url, pass, responses } = started
  const client = openClient(context, url)
  client.socket.write(GET)
  await waitUntil('the update', () => client.received().includes('event: update'))
  client.socket.pause()
  await fillConnection(started)
  const fullMs = performance.now()
  await waitUntil('the end', () => responses[0]?.destroyed)
  assert.ok(performance.now() - fullMs > stallTimeoutMs / 2)
  client.socket.resume()
  const received = (await client.closed).toString()
  const ids = [...received.matchAll(/^id: (.*)\nevent: update\ndata: .*\n\n/gm)]
  const lastId = ids.at(-1)?.[1] ?? ''
  await pass()
  const stream = await openStream(context, url, { 'last-event-id': lastId })
  const after = Number(lastId.slice(lastId.lastIndexOf(':') + 1))
  const last = feed.latest?.sequence ?? 0
  assert.ok(after >= 1 && after < last)
  await stream.waitFor(1 + last - after)
  assert.equal(stream.events[0]?.message.isResumed, true)
  assert.deepEqual(
    stream.sequences,
    Array.from({ length: last - after }, (_, index) => after + 1 + index),
  )
})

test('a client that reads a large event slowly is not closed', async (context) => {
  const { feed, url } = await start(context, { stallTimeoutMs: SLOW_STALL_MS })
  feed.history.add(largeInterval(LARGE_BYTES))
  const client = openClient(context, url)
  const startMs = performance.now()
  client.socket.write(GET)
  readSlowly(client)
  let end = ''
  client.socket.on('data', (chunk: Buffer) => {
    end = `${end}${chunk.subarray(-END_BYTES)}`.slice(-END_BYTES)
  })
  await waitUntil('the update behind it', () => {
    assert.equal(client.socket.destroyed, false, 'the server closed the connection')
    return end.includes('event: update')
  })
  assert.ok(performance.now() - startMs > SLOW_STALL_MS)
})

test('the time between two updates is not a stall', async (context) => {
  const { feed, url, pass } = await start(context, { stallTimeoutMs: 700 })
  feed.history.add(largeInterval(LARGE_BYTES))
  const stream = await openStream(context, url)
  await stream.waitFor(3)
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  await pass()
  await stream.waitFor(4)
  assert.deepEqual(stream.names, ['hello', 'history', 'update', 'update'])
})

test('no data is kept for a slow client, and it gets the updates that it missed', async (context) => {
  const { aggregator, url, pass, responses } = await start(context, { stallTimeoutMs: 60_000 })
  // Engines with long names, so that an update is large.
  for (let engine = 0; engine < 2_000; engine++) {
    aggregator.ingest(ROW, { engine, instance: `${'host-'.repeat(20)}${engine}` })
  }
  await pass()
  const client = openClient(context, url)
  client.socket.write(GET)
  await waitUntil('the update', () => client.received().includes('event: update'))
  client.socket.pause()
  const [response] = responses
  assert.ok(response !== undefined)
  let lengthMax = 0
  for (let count = 0; count < 55; count++) {
    await pass()
    for (let turns = 0; turns < 4; turns++) await turn()
    lengthMax = Math.max(lengthMax, response.writableLength)
  }
  assert.ok(lengthMax > 0 && lengthMax < 2 * MIB, String(lengthMax))
  client.socket.resume()
  const sequences = await waitUntil('all updates', () => {
    const ids = [
      ...client
        .received()
        .toString()
        .matchAll(/^id: [\w-]+:(\d+)$/gm),
    ]
    return ids.length >= 56 && ids.map(([, sequence]) => Number(sequence))
  })
  assert.deepEqual(
    sequences,
    Array.from({ length: 56 }, (_, index) => index + 2),
  )
})

test('a client that missed more updates than are kept gets the whole history on its connection', async (context) => {
  const started = await start(context, { stallTimeoutMs: 60_000 })
  const stream = await openStream(context, started.url)
  await stream.waitFor(2)
  stream.response.pause()
  await fillConnection(started)
  for (let count = 0; count < 70; count++) await started.pass()
  stream.response.resume()
  const hellos = () => stream.names.filter((name) => name === 'hello').length
  await waitUntil('a second hello', () => hellos() === 2)
  const again = stream.names.lastIndexOf('hello')
  assert.equal(stream.events[again]?.message.isResumed, false)
  await waitUntil('an update', () => stream.names.lastIndexOf('update') > again)
  assert.equal(stream.names[again + 1], 'history')
})
