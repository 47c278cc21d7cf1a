import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect, constants, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { EngineAggregator, metricsHandler } from '../../src/index.js'

const { HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH, HTTP2_HEADER_STATUS } = constants

/** Without it, a test would wait forever for a missing response. */
const TIMEOUT_MS = 10_000

/** A session with a server of HTTP/2 that has our handler. */
async function openSession(context: TestContext) {
  const aggregator = new EngineAggregator()
  // The compatibility API of node:http2 has all members of node:http that the handler uses.
  const server = createServer(metricsHandler(aggregator) as never).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  context.after(() => {
    session.destroy()
    server.close()
    return aggregator.close()
  })
  return session
}

/**
 * The status of a complete response.
 *
 * @param sent what is sent of the body of two bytes; undefined for a request without one
 */
async function statusOf(session: ClientHttp2Session, method: string, sent?: string) {
  const stream = session.request(
    {
      [HTTP2_HEADER_PATH]: '/metrics',
      [HTTP2_HEADER_METHOD]: method,
      ...(sent !== undefined && { 'content-length': 2 }),
    },
    { endStream: sent === undefined },
  )
  if (sent?.length === 2) stream.end(sent)
  else if (sent !== undefined) stream.write(sent)
  const [headers] = await once(stream, 'response')
  stream.resume()
  await once(stream, 'end')
  return headers[HTTP2_HEADER_STATUS]
}

for (const [what, sent] of [
  ['has arrived', 'ab'],
  ['has not ended', 'a'],
]) {
  test(`a request of HTTP/2 whose body ${what} gets its response, and the session stays open`, {
    timeout: TIMEOUT_MS,
  }, async (context) => {
    const session = await openSession(context)
    assert.equal(await statusOf(session, 'GET'), 200)
    assert.equal(await statusOf(session, 'POST', sent), 405)
    assert.equal(await statusOf(session, 'GET'), 200)
  })
}
