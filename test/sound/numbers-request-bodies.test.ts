import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen, metricsHandler } from '../../src/index.js'
import { MIB, memoryInUse } from '../support/assertions/memory.js'
import { openClient, parseResponses, type RawClient } from '../support/processes/raw-client.js'
import { serve } from '../support/processes/servers.js'
import { numberedLines, textSource } from '../support/processes/text-source.js'

/** More than the system buffers, so that most of it is unsent when the handler returns. */
const TEXT = numberedLines(3 * MIB)
const CHUNK = Buffer.alloc(16_384, 0x61)
const CHUNKS = 8

interface Framing {
  readonly header: string
  readonly frame: (chunk: Buffer) => Buffer
  readonly end: string
}

const FRAMINGS: Readonly<Record<string, Framing>> = {
  'content-length': {
    header: `content-length: ${CHUNKS * CHUNK.length}`,
    frame: (chunk) => chunk,
    end: '',
  },
  chunked: {
    header: 'transfer-encoding: chunked',
    frame: (chunk) =>
      Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
    end: '0\r\n\r\n',
  },
}

/** Ways to send a request with a body and to read the response. */
const CLIENTS: Readonly<Record<string, (client: RawClient, framing: Framing) => Promise<void>>> = {
  'body at once': async ({ socket }, { frame, end }) => {
    for (let chunk = 0; chunk < CHUNKS; chunk++) socket.write(frame(CHUNK))
    socket.write(end)
  },
  'body at once, read later': async ({ socket }, { frame, end }) => {
    socket.pause()
    for (let chunk = 0; chunk < CHUNKS; chunk++) socket.write(frame(CHUNK))
    socket.write(end)
    await sleep(150)
    socket.resume()
  },
  'body sent slowly': async ({ socket }, { frame, end }) => {
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      socket.write(frame(CHUNK))
      await sleep(20)
    }
    socket.write(end)
  },
  'body sent slowly, read later': async ({ socket }, { frame, end }) => {
    socket.pause()
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      socket.write(frame(CHUNK))
      await sleep(20)
    }
    socket.write(end)
    socket.resume()
  },
  'body never sent': async () => {},
  'body begun and never ended': async ({ socket }, { frame }) => {
    socket.write(frame(CHUNK))
  },
}

async function serveText(context: TestContext): Promise<string> {
  const server = await listen(
    textSource(() => TEXT),
    // Clients that never send their body end by the limit.
    { port: 0, stallTimeoutMs: 1_000 },
  )
  context.after(() => server.close())
  return server.url
}

for (const [name, framing] of Object.entries(FRAMINGS)) {
  test(`a large response arrives complete when the request has a body: ${name}`, async (context) => {
    const url = await serveText(context)
    const all = Object.entries(CLIENTS).map(async ([way, send]) => {
      const client = openClient(context, url)
      client.socket.write(`GET /metrics HTTP/1.1\r\nhost: a\r\n${framing.header}\r\n\r\n`)
      await send(client, framing)
      const [response, ...others] = parseResponses(await client.closed)
      assert.equal(response?.status, 200, way)
      assert.equal(response.body.toString(), TEXT, way)
      assert.match(response.headers, /\r\nconnection: close/i)
      assert.equal(others.length, 0, way)
    })
    await Promise.all(all)
  })
}

test('a response without content arrives although the body of its request does not', async (context) => {
  const url = await serveText(context)
  for (const [path, status] of Object.entries({ '/metrics': 200, '/healthz': 200, '/x': 404 })) {
    const client = openClient(context, url)
    const { header } = FRAMINGS['content-length']
    client.socket.write(`HEAD ${path} HTTP/1.1\r\nhost: a\r\n${header}\r\n\r\nbegun`)
    const text = (await client.closed).toString()
    assert.match(text, new RegExp(`^HTTP/1.1 ${status} [^]*\r\n\r\n$`))
  }
})

test('a client that expects 100-continue gets its response immediately, without 100 Continue', async (context) => {
  const url = await serveText(context)
  const client = openClient(context, url)
  const { header } = FRAMINGS['content-length']
  client.socket.write(
    `GET /metrics HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\n${header}\r\n\r\n`,
  )
  const responses = parseResponses(await client.closed)
  assert.deepEqual(
    responses.map(({ status }) => status),
    [200],
  )
  assert.equal(responses[0].body.toString(), TEXT)
})

test('requests pipelined before one with a body get responses, too', async (context) => {
  const url = await serveText(context)
  const client = openClient(context, url)
  const { header, frame, end } = FRAMINGS.chunked
  client.socket.write('GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(2))
  client.socket.write(`POST /nowhere HTTP/1.1\r\nhost: a\r\n${header}\r\n\r\n`)
  client.socket.write(frame(CHUNK))
  await sleep(100)
  client.socket.write(end)
  const responses = parseResponses(await client.closed)
  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 200, 404],
  )
  for (const { body } of responses.slice(0, 2)) assert.equal(body.toString(), TEXT)
})

test('unread bodies are not kept in memory, and a client that sends one endlessly is disconnected', async (context) => {
  const handler = metricsHandler(
    textSource(() => 'a 1\n'),
    { stallTimeoutMs: 300 },
  )
  const url = await serve(context, handler)
  const before = await memoryInUse()
  const clients = Array.from({ length: 4 }, () => openClient(context, url))
  let sent = 0
  for (const { socket } of clients) {
    const { header, frame } = FRAMINGS.chunked
    const chunk = frame(CHUNK)
    socket.write(`GET /metrics HTTP/1.1\r\nhost: a\r\n${header}\r\n\r\n`)
    // The end of the response does not stop this client.
    socket.allowHalfOpen = true
    const write = () => {
      while (!socket.destroyed && socket.write(chunk)) sent += chunk.length
    }
    socket.on('drain', write)
    write()
  }
  for (const { closed } of clients) {
    assert.equal(parseResponses(await closed)[0]?.status, 200)
  }
  const growth = ((await memoryInUse()).rss - before.rss) / MIB
  assert.ok(sent / MIB < clients.length * 32, `${sent / MIB} MiB sent`)
  assert.ok(growth < 60, `${growth} MiB`)
})
