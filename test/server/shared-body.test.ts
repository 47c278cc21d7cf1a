import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { takeBuffer } from '../../src/exposition/buffer-pool.js'
import { SharedBody } from '../../src/server/shared-body.js'
import { waitUntil } from '../support/processes/wait-until.js'

/** More than the largest body that is not compressed. */
const BYTES = 100_000
/** Bytes of a pooled buffer, and of a piece that is compressed at a time. */
const PIECE_BYTES = 2 ** 18
const TIMEOUT_MS = 20_000

/** Counts the buffers that are read one after the other. */
class CountingArray extends Array<Uint8Array> {
  read = 0

  override *[Symbol.iterator](): Generator<Uint8Array, undefined> {
    for (let index = 0; index < this.length; index++) {
      this.read++
      yield this[index]
    }
    return undefined
  }
}

/** A buffer of the pool with so many bytes. */
function newBuffer(bytes = BYTES): Uint8Array {
  return takeBuffer(bytes).subarray(0, bytes).fill(0x61)
}

/** A body of some buffers, and whether it is unused. */
function newBody(buffers: readonly Uint8Array[]) {
  const errors: unknown[] = []
  let unused = 0
  const body = new SharedBody(buffers, {
    ownContentType: undefined,
    timeoutMs: TIMEOUT_MS,
    onError: (error) => errors.push(error),
    onUnused: () => unused++,
  })
  return { body, errors, unused: () => unused }
}

/** Whether a buffer is in the pool, which returns its newest one. */
function isPooled({ buffer }: Uint8Array): boolean {
  return takeBuffer(1).buffer === buffer
}

test('the buffers are returned to their pool after the last client that reads them', async () => {
  const buffer = newBuffer()
  const { body, unused } = newBody([buffer])
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

test('the buffers are returned after the compression, while clients still read the compressed bytes', async () => {
  const buffer = newBuffer()
  const { body, unused } = newBody([buffer])
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

test('the buffers are returned after the last of a compression and a client that reads them', async () => {
  for (const isClientLast of [true, false]) {
    const buffer = newBuffer()
    const { body, unused } = newBody([buffer])
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

test('the compression ends when all clients have disconnected, and the buffers are returned after it', async () => {
  const buffers = new CountingArray(...Array.from({ length: 50 }, () => takeBuffer(PIECE_BYTES)))
  const { body, errors, unused } = newBody(buffers)
  const clients = [new AbortController(), new AbortController()]
  const taking = clients.map(({ signal }) => body.take({ encoding: 'gzip', signal }))
  body.seal()
  for (const client of clients) client.abort()
  // A thread reads the first one.
  assert.equal(unused(), 0)
  assert.equal(isPooled(buffers[49]), false)
  await assert.rejects(Promise.all(taking), { name: 'AbortError' })
  await waitUntil('the end of the compression', () => unused() === 1)
  // They are read once more to return them.
  const compressed = buffers.read - buffers.length
  assert.ok(compressed < 5, `${compressed} buffers were compressed`)
  assert.equal(isPooled(buffers[49]), true)
  assert.deepEqual(errors, [])
})

test('a compression continues for the clients that stay connected', async () => {
  const { body } = newBody([newBuffer(PIECE_BYTES)])
  const [gone, staying] = [new AbortController(), new AbortController()]
  void body.take({ encoding: 'gzip', signal: gone.signal })
  const taken = body.take({ encoding: 'gzip', signal: staying.signal })
  body.seal()
  gone.abort()
  const { buffers } = await taken
  assert.equal(gunzipSync(Buffer.concat(buffers)).length, PIECE_BYTES)
})

test('a body without clients is unused, and none is created for a disconnected client', async () => {
  const buffer = newBuffer()
  const { body, unused } = newBody([buffer])
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
    const { body } = newBody([newBuffer(bytes)])
    const { signal } = new AbortController()
    const taken = await body.take({ encoding: 'gzip', signal })
    assert.equal(taken.encoding, encoding)
  }
})
