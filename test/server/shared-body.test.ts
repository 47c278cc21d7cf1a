import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { takeBuffer } from '../../src/exposition/buffer-pool.js'
import { SharedBody } from '../../src/server/shared-body.js'
import { waitUntil } from '../support/processes/wait-until.js'

/** More than a body that is sent as it is. */
const BYTES = 100_000
const TIMEOUT_MS = 20_000

/** A body in a pooled buffer, and what became of it. */
function newBody(bytes = BYTES, timeoutMs = TIMEOUT_MS) {
  const buffer = takeBuffer(bytes).subarray(0, bytes).fill(0x61)
  const errors: unknown[] = []
  let unused = 0
  const body = new SharedBody([buffer], {
    ownContentType: undefined,
    timeoutMs,
    onError: (error) => errors.push(error),
    onUnused: () => unused++,
  })
  return { body, buffer, errors, unused: () => unused }
}

/** Whether a buffer is in the pool: it gives its newest one. */
function isPooled({ buffer }: Uint8Array): boolean {
  return takeBuffer(1).buffer === buffer
}

test('the buffers go back to their pool after the last client that reads them', async () => {
  const { body, buffer, unused } = newBody()
  const clients = [new AbortController(), new AbortController()]
  const taken = await Promise.all(
    clients.map(({ signal }) => {
      return body.take({ encoding: undefined, signal })
    }),
  )
  body.seal()
  for (const { encoding, buffers } of taken) {
    assert.equal(encoding, undefined)
    assert.equal(buffers[0], buffer)
  }
  clients[0].abort()
  assert.equal(isPooled(buffer), false)
  assert.equal(unused(), 0)
  clients[1].abort()
  assert.equal(isPooled(buffer), true)
  assert.equal(unused(), 1)
})

test('the buffers go back when they are compressed, while clients still read what became of them', async () => {
  const { body, buffer, unused } = newBody()
  const clients = [new AbortController(), new AbortController()]
  const taking = clients.map(({ signal }) => body.take({ encoding: 'gzip', signal }))
  body.seal()
  assert.equal(isPooled(buffer), false)
  const [first, second] = await Promise.all(taking)
  assert.equal(isPooled(buffer), true)
  assert.equal(first.encoding, 'gzip')
  assert.equal(first.buffers, second.buffers)
  assert.ok(gunzipSync(Buffer.concat(first.buffers)).equals(Buffer.alloc(BYTES, 0x61)))
  clients[0].abort()
  assert.equal(unused(), 0)
  clients[1].abort()
  assert.equal(unused(), 1)
})

test('the buffers go back after a compression and a client that reads them, whichever is last', async () => {
  for (const isClientLast of [true, false]) {
    const { body, buffer, unused } = newBody()
    const [plain, compressed] = [new AbortController(), new AbortController()]
    void body.take({ encoding: undefined, signal: plain.signal })
    const taken = body.take({ encoding: 'gzip', signal: compressed.signal })
    body.seal()
    if (!isClientLast) plain.abort()
    assert.equal(isPooled(buffer), false)
    await taken
    if (isClientLast) {
      assert.equal(isPooled(buffer), false)
      plain.abort()
    }
    assert.equal(isPooled(buffer), true)
    compressed.abort()
    assert.equal(unused(), 1)
  }
})

test('clients that have all gone end the compression, and the buffers go back when it reads them no more', async () => {
  const { body, buffer, errors, unused } = newBody(2 ** 18)
  const clients = [new AbortController(), new AbortController()]
  const taking = clients.map(({ signal }) => body.take({ encoding: 'gzip', signal }))
  body.seal()
  for (const client of clients) client.abort()
  // A thread reads the buffer.
  assert.equal(isPooled(buffer), false)
  assert.equal(unused(), 0)
  await Promise.allSettled(taking)
  await waitUntil('the end of the compression', () => unused() === 1)
  assert.equal(isPooled(buffer), true)
  assert.deepEqual(errors, [])
})

test('a compression goes on for the clients that stay', async () => {
  const { body } = newBody(2 ** 18)
  const [gone, staying] = [new AbortController(), new AbortController()]
  void body.take({ encoding: 'gzip', signal: gone.signal })
  const taken = body.take({ encoding: 'gzip', signal: staying.signal })
  body.seal()
  gone.abort()
  const { buffers } = await taken
  assert.equal(gunzipSync(Buffer.concat(buffers)).length, 2 ** 18)
})

test('a body without clients is unused, and one for a client that has gone is not made', async () => {
  const { body, buffer, unused } = newBody()
  const signal = AbortSignal.abort()
  await assert.rejects(body.take({ encoding: 'gzip', signal }), { name: 'AbortError' })
  assert.equal(unused(), 0)
  body.seal()
  assert.equal(unused(), 1)
  assert.equal(isPooled(buffer), true)
})

test('a small body is not compressed', async () => {
  for (const [bytes, encoding] of [
    [1_023, undefined],
    [1_024, 'gzip'],
  ] as const) {
    const { body } = newBody(bytes)
    const { signal } = new AbortController()
    const taken = await body.take({ encoding: 'gzip', signal })
    assert.equal(taken.encoding, encoding)
  }
})
