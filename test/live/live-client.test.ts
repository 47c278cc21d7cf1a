import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { encodeInterval } from '../../src/live/encode-interval.js'
import { type Connection, LiveClient } from '../../src/live/live-client.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { countsIn, intervalOf } from '../support/generators/live-intervals.js'

const URL = 'http://127.0.0.1:9/live'
const START_MS = 1_700_000_000_000
const HEADERS = { 'Content-Type': 'text/event-stream; charset=utf-8' }
const JSON_HEADERS = { 'Content-Type': 'application/json' }
const HELLO = {
  service: 'moonmeter',
  version: 1,
  modelName: 'm',
  bounds: DEFAULT_LAYOUT.bounds,
  intervalMs: 1_000,
  isResumed: false,
}

function eventOf(name: string, message: unknown, id?: string): string {
  const first = id === undefined ? '' : `id: ${id}\n`
  return `${first}event: ${name}\ndata: ${JSON.stringify(message)}\n\n`
}

/** The interval of a second; its number of rows is the number of the second. */
function intervalAt(second: number) {
  const fromMs = START_MS + second * 1_000
  return encodeInterval(intervalOf(fromMs, fromMs + 1_000, [{ seconds: 1, rows: second + 1 }]))
}

function updateAt(second: number, id = `feed:${second}`): string {
  const state = { timestampMs: START_MS + (second + 1) * 1_000, engines: [], rejections: {} }
  return eventOf('update', { interval: intervalAt(second), state }, id)
}

/** A request of the client, and the answers of the test. */
interface Attempt {
  readonly headers: Headers
  readonly signal: AbortSignal
  /** Answers with a stream that the test writes to. */
  stream(): { write(text: string): Promise<void>; end(): Promise<void> }
  answer(response: Response): Promise<void>
  fail(error: unknown): Promise<void>
}

/** A client whose requests the test answers, and whose timers it controls. */
function startClient(context: TestContext, authorization?: string) {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const attempts: Attempt[] = []
  const states: Connection['state'][] = []
  const fetchUrl = (_url: unknown, init: RequestInit = {}): Promise<Response> =>
    new Promise((resolve, reject) => {
      const signal = init.signal as AbortSignal
      signal.addEventListener('abort', () => reject(signal.reason))
      attempts.push({
        headers: new Headers(init.headers),
        signal,
        stream: () => {
          const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
          const writer = writable.getWriter()
          signal.addEventListener('abort', () => void writer.abort(signal.reason).catch(() => {}))
          resolve(new Response(readable, { headers: HEADERS }))
          return {
            write: async (text) => {
              await writer.write(new TextEncoder().encode(text)).catch(() => {})
              await settled()
            },
            end: async () => {
              await writer.close()
              await settled()
            },
          }
        },
        answer: async (response) => {
          resolve(response)
          await settled()
        },
        fail: async (error) => {
          reject(error)
          await settled()
        },
      })
    })
  const client: LiveClient = new LiveClient({
    url: URL,
    authorization,
    fetch: fetchUrl as typeof fetch,
    onChange: () => states.push(client.connection.state),
  })
  context.after(() => client.close())
  client.connect()
  const last = () => attempts.at(-1) as Attempt
  const pass = async (ms: number) => {
    context.mock.timers.tick(ms)
    await settled()
  }
  return { client, attempts, states, last, pass }
}

async function settled(): Promise<void> {
  for (let count = 0; count < 8; count++) await turn()
}

function stateOf({ connection }: LiveClient): Connection['state'] {
  return connection.state
}

function rowsOf(client: LiveClient): number {
  return [...countsIn(client.history.intervals).values()].reduce((sum, { rows }) => sum + rows, 0)
}

test('a client reads the history and then updates', async (context) => {
  const { client, states, last } = startClient(context)
  assert.equal(client.connection.state, 'connecting')
  assert.equal(last().headers.get('accept'), 'text/event-stream')
  assert.equal(last().headers.get('last-event-id'), null)
  assert.equal(last().headers.get('authorization'), null)
  const stream = last().stream()
  await stream.write(eventOf('hello', HELLO) + eventOf('history', { interval: intervalAt(0) }))
  assert.deepEqual(client.hello, HELLO)
  assert.equal(client.connection.state, 'connecting')
  // In pieces, one of which ends within a character of several bytes.
  const text = updateAt(1)
  await stream.write(text.slice(0, 40))
  await stream.write(text.slice(40))
  await stream.write(eventOf('later', { unknown: true }))
  assert.equal(client.connection.state, 'live')
  assert.equal(client.state?.timestampMs, START_MS + 2_000)
  assert.equal(rowsOf(client), 3)
  assert.ok((client.lastUpdateAtMs ?? 0) > 0)
  assert.deepEqual(states, ['connecting', 'live'])
})

test('a client that lost its connection continues after the last update', async (context) => {
  const { client, attempts, states, last, pass } = startClient(context)
  const stream = last().stream()
  await stream.write(eventOf('hello', HELLO) + updateAt(0) + updateAt(1))
  await stream.end()
  const { connection } = client
  assert.ok(connection.state === 'lost' && connection.reason === 'the server ended the connection')
  assert.ok(connection.retryAtMs > performance.now())
  await pass(499)
  assert.equal(attempts.length, 1)
  await pass(1)
  assert.equal(attempts.length, 2)
  assert.equal(last().headers.get('last-event-id'), 'feed:1')
  const next = last().stream()
  await next.write(eventOf('hello', { ...HELLO, isResumed: true }) + updateAt(2))
  assert.equal(rowsOf(client), 1 + 2 + 3)
  assert.deepEqual(states, ['connecting', 'live', 'live', 'lost', 'connecting', 'live'])
})

test('a client drops its data when the server is another one', async (context) => {
  const { client, last, pass } = startClient(context)
  const stream = last().stream()
  await stream.write(eventOf('hello', HELLO) + updateAt(5))
  await stream.end()
  await pass(500)
  assert.equal(last().headers.get('last-event-id'), 'feed:5')
  const next = last().stream()
  const hello = { ...HELLO, bounds: [1, 2], modelName: 'other' }
  await next.write(eventOf('hello', hello) + eventOf('history', { interval: intervalAt(7) }))
  assert.equal(rowsOf(client), 8)
  assert.deepEqual(client.hello?.bounds, [1, 2])
  await next.end()
  await pass(1_000)
  // The client has no update of that server yet.
  assert.equal(last().headers.get('last-event-id'), null)
})

test('a client without data starts over even if the server resumes', async (context) => {
  const { client, last, pass } = startClient(context)
  const stream = last().stream()
  // The connection is lost during the history, before an update.
  await stream.write(eventOf('hello', HELLO) + eventOf('history', { interval: intervalAt(4) }))
  await stream.end()
  await pass(500)
  const hello = { ...HELLO, bounds: [1], isResumed: true }
  await last()
    .stream()
    .write(eventOf('hello', hello) + updateAt(0))
  assert.equal(rowsOf(client), 1)
  assert.equal(client.connection.state, 'live')
})

test('a client that cannot connect retries with growing delays until it is live', async (context) => {
  const { client, attempts, last, pass } = startClient(context)
  for (const delayMs of [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
    await last().fail(new TypeError('fetch failed', { cause: new Error('no route') }))
    const { connection } = client
    assert.ok(connection.state === 'lost' && connection.reason === 'no route')
    const before = attempts.length
    await pass(delayMs - 1)
    assert.equal(attempts.length, before)
    await pass(1)
    assert.equal(attempts.length, before + 1)
  }
  const stream = last().stream()
  await stream.write(eventOf('hello', HELLO) + updateAt(0))
  await stream.end()
  const before = attempts.length
  await pass(500)
  assert.equal(attempts.length, before + 1)
})

test('connect retries immediately, also with other credentials', async (context) => {
  const { client, attempts, last, pass } = startClient(context, 'Bearer old')
  assert.equal(last().headers.get('authorization'), 'Bearer old')
  const headers = { 'WWW-Authenticate': 'Bearer realm="moonmeter"' }
  await last().answer(new Response('no', { status: 401, headers }))
  assert.deepEqual(client.connection, {
    state: 'unauthorized',
    challenge: 'Bearer realm="moonmeter"',
  })
  await pass(60_000)
  assert.equal(attempts.length, 1)
  client.connect('Bearer new')
  assert.equal(last().headers.get('authorization'), 'Bearer new')
  await last().fail(new Error('gone'))
  client.connect()
  assert.equal(attempts.length, 3)
  assert.equal(last().headers.get('authorization'), 'Bearer new')
  // The timer of the earlier attempt was cleared.
  await pass(600)
  assert.equal(attempts.length, 3)
})

for (const [what, answer, state, reason] of [
  ['JSON', () => new Response('{}', { headers: JSON_HEADERS }), 'refused', /json/],
  ['status 404', () => new Response('', { status: 404 }), 'refused', /status 404/],
  ['status 503', () => new Response('', { status: 503 }), 'lost', /status 503/],
  ['no content', () => new Response(null, { status: 204 }), 'refused', /204 and no content/],
] as const) {
  test(`a server that answers with ${what} is ${state}, and asked again`, async (context) => {
    const { client, attempts, last, pass } = startClient(context)
    await last().answer(answer())
    const { connection } = client
    assert.equal(connection.state, state)
    assert.match('reason' in connection ? connection.reason : '', reason)
    await pass(500)
    assert.equal(attempts.length, 2)
  })
}

for (const [what, text, reason] of [
  ['another version', eventOf('hello', { ...HELLO, version: 99 }), /version 1 .* got 99/],
  ['another program', eventOf('hello', { ...HELLO, service: 'x' }), /another program/],
  ['other events', 'data: hi\n\n', /got another one/],
  ['no hello', updateAt(0), /got another one/],
  ['malformed updates', eventOf('hello', HELLO) + eventOf('update', {}), /malformed state/],
] as const) {
  test(`a stream of ${what} is refused, its request is ended, and asked again`, async (context) => {
    const { client, attempts, last, pass } = startClient(context)
    const attempt = last()
    await attempt.stream().write(text)
    const { connection } = client
    assert.ok(connection.state === 'refused')
    assert.match(connection.reason, reason)
    assert.equal(attempt.signal.aborted, true)
    await pass(500)
    assert.equal(attempts.length, 2)
  })
}

test('updates before the event hello are rejected', async (context) => {
  const { client, last, pass } = startClient(context)
  const stream = last().stream()
  await stream.write(eventOf('hello', HELLO) + updateAt(0))
  await stream.end()
  await pass(500)
  await last().stream().write(updateAt(1))
  assert.equal(client.connection.state, 'refused')
})

test('a silent server counts as lost, before and after its headers', async (context) => {
  const { client, last, pass } = startClient(context)
  const first = last()
  await pass(5_000)
  assert.equal(stateOf(client), 'lost')
  assert.equal(first.signal.aborted, true)
  await pass(500)
  const stream = last().stream()
  await settled()
  await pass(4_999)
  await stream.write(eventOf('hello', HELLO) + updateAt(0))
  // Ten updates.
  await pass(9_999)
  assert.equal(stateOf(client), 'live')
  await stream.write(updateAt(1))
  await pass(9_999)
  assert.equal(stateOf(client), 'live')
  await pass(1)
  const { connection } = client
  assert.ok(connection.state === 'lost' && connection.reason === 'the server sent nothing')
})

test('a client that was closed does not read or retry', async (context) => {
  const { client, attempts, states, last, pass } = startClient(context)
  const first = last()
  client.close()
  assert.equal(first.signal.aborted, true)
  await pass(60_000)
  assert.deepEqual([attempts.length, states], [1, ['connecting']])
  client.connect()
  const stream = last().stream()
  await stream.write(eventOf('hello', HELLO))
  client.close()
  await stream.write(updateAt(0))
  await pass(60_000)
  assert.deepEqual([attempts.length, client.state], [2, undefined])
  client.connect()
  await last().fail(new Error('x'))
  client.close()
  await pass(60_000)
  assert.equal(attempts.length, 3)
  assert.equal(states.filter((state) => state === 'lost').length, 1)
})

test('a client that onChange closes ignores the rest of the chunk', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  let updates = 0
  const client: LiveClient = new LiveClient({
    url: URL,
    fetch: async () => new Response(readable, { headers: HEADERS }),
    onChange: () => {
      if (client.connection.state !== 'live') return
      updates++
      client.close()
    },
  })
  client.connect()
  const writer = writable.getWriter()
  const text = eventOf('hello', HELLO) + updateAt(0) + updateAt(1)
  await writer.write(new TextEncoder().encode(text))
  await settled()
  assert.equal(updates, 1)
  assert.equal(rowsOf(client), 1)
  context.mock.timers.tick(60_000)
  await settled()
  assert.equal(updates, 1)
})

test('a response of a superseded connection changes nothing', async (context) => {
  const { client, attempts, states } = startClient(context)
  let cancelled: () => void = () => {}
  const cancelling = new Promise<void>((resolve) => {
    cancelled = resolve
  })
  const body = new ReadableStream({ cancel: () => cancelling })
  await attempts[0]?.answer(new Response(body, { status: 401 }))
  client.connect('Bearer x')
  cancelled()
  await settled()
  assert.deepEqual(states, ['connecting', 'connecting'])
})

test('an event beyond the maximum size is rejected', async (context) => {
  const { client, last } = startClient(context)
  const stream = last().stream()
  const chunk = 'x'.repeat(2 ** 24)
  await stream.write('data: ')
  for (let count = 0; count < 6 && client.connection.state === 'connecting'; count++) {
    await stream.write(chunk)
  }
  const { connection } = client
  assert.ok(connection.state === 'refused')
  assert.match(connection.reason, /expected events of 67108864 characters at most/)
})
