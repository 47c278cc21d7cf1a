import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { type TestContext, test } from 'node:test'
import { Registry } from 'prom-client'
import { type ListenOptions, listen } from '../../src/index.js'
import { openClient, parseResponses } from '../support/processes/raw-client.js'
import { waitUntil } from '../support/processes/wait-until.js'

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
const BODY = 'a body'

async function start(context: TestContext, options: ListenOptions = {}): Promise<string> {
  const server = await listen({ registry: new Registry() }, { port: 0, ...options })
  context.after(() => server.close())
  return server.url
}

/** A client that waits for `100 Continue` before it sends the body. */
function openWaiting(context: TestContext, url: string, path: string) {
  const client = openClient(context, url)
  const headers = `host: a\r\nexpect: 100-continue\r\ncontent-length: ${BODY.length}\r\n`
  client.socket.write(`POST ${path} HTTP/1.1\r\n${headers}\r\n`)
  return client
}

test('a body that is not read is not requested, and the response is sent immediately', async (context) => {
  const url = await start(context)
  for (const [path, status] of [
    ['/metrics', 405],
    ['/other', 404],
  ] as const) {
    const { received } = openWaiting(context, url, path)
    await waitUntil('a response', () => parseResponses(received()).length === 1)
    assert.equal(parseResponses(received())[0]?.status, status)
  }
})

const READERS: Readonly<Record<string, (request: IncomingMessage) => Promise<string>>> = {
  'by events': (request) =>
    new Promise((resolve) => {
      let text = ''
      request.on('data', (chunk) => {
        text += chunk
      })
      // Like a middleware that counts bytes.
      request.on('data', () => {})
      request.on('end', () => resolve(text))
    }),
  'by iteration': async (request) => {
    let text = ''
    for await (const chunk of request) text += chunk
    return text
  },
}

for (const [how, read] of Object.entries(READERS)) {
  test(`a body that is read ${how} is requested once`, async (context) => {
    const url = await start(context, {
      next: (request, response) => {
        void read(request).then((text) => response.end(text))
      },
    })
    const { socket, received } = openWaiting(context, url, '/other')
    await waitUntil('to be asked', () => String(received()) === CONTINUE)
    socket.write(BODY)
    await waitUntil('the body', () => String(received()).endsWith(BODY))
    assert.equal(String(received()).split(CONTINUE).length, 2)
    assert.match(String(received()), /\r\n\r\nHTTP\/1.1 200 OK\r\n/)
  })
}

test('a scrape with `Expect: 100-continue` gets the metrics', async (context) => {
  const url = await start(context)
  const { socket, received } = openClient(context, url)
  socket.write('GET /metrics HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\n\r\n')
  await waitUntil('a response', () => parseResponses(received()).length === 1)
  assert.equal(parseResponses(received())[0]?.status, 200)
})
