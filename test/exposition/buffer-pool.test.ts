import assert from 'node:assert/strict'
import { test } from 'node:test'
import { releaseBuffers, takeBuffer } from '../../src/exposition/buffer-pool.js'
import { OutputBuffer } from '../../src/exposition/output-buffer.js'

const POOLED_BYTES = 2 ** 18

test('a buffer is reused only after it was returned', () => {
  const first = takeBuffer(10)
  assert.equal(first.length, POOLED_BYTES)
  const second = takeBuffer(10)
  assert.notEqual(second.buffer, first.buffer)
  releaseBuffers([first])
  assert.equal(takeBuffer(10).buffer, first.buffer)
  releaseBuffers([first, second])
})

test('a buffer that is returned twice is taken by one caller only', () => {
  const buffer = takeBuffer(1)
  releaseBuffers([buffer, buffer.subarray(5)])
  const [left, right] = [takeBuffer(1), takeBuffer(1)]
  assert.notEqual(left.buffer, right.buffer)
  releaseBuffers([left, right])
})

test('memory that is not from the pool is never taken into it, of any size', () => {
  const poolSize = Buffer.poolSize
  Buffer.poolSize = POOLED_BYTES
  try {
    const foreign = [Buffer.from('text'), new Uint8Array(POOLED_BYTES), Buffer.alloc(POOLED_BYTES)]
    releaseBuffers(foreign)
    const lent = Array.from({ length: 5 }, () => takeBuffer(1))
    for (const { buffer } of lent) {
      assert.ok(foreign.every((other) => other.buffer !== buffer))
    }
    releaseBuffers(lent)
  } finally {
    Buffer.poolSize = poolSize
  }
})

test('a request for more than a pooled buffer gets separate memory, which is not kept', () => {
  const large = takeBuffer(POOLED_BYTES + 1)
  assert.equal(large.length, POOLED_BYTES + 1)
  releaseBuffers([large])
  assert.notEqual(takeBuffer(POOLED_BYTES + 1).buffer, large.buffer)
})

test('reserved bytes can be written later, while the output grows', () => {
  const output = new OutputBuffer()
  const lengths: number[] = []
  for (let part = 0; part < 40; part++) {
    const place = output.reserve(4)
    const before = output.length
    for (let piece = 0; piece < 3; piece++) output.text('x'.repeat(part * 400))
    lengths.push(output.length - before)
    new DataView(place.buffer, place.byteOffset).setUint32(0, output.length - before)
  }
  const { length } = output
  const buffers = output.take()
  const bytes = Buffer.concat(buffers)
  assert.ok(buffers.length > 1)
  assert.deepEqual([length, output.length], [bytes.length, 0])
  let at = 0
  for (const expected of lengths) {
    assert.equal(bytes.readUInt32BE(at), expected)
    at += 4 + expected
  }
  releaseBuffers(buffers)
})

test('an output is the bytes that were appended, over as many buffers as it takes', () => {
  const output = new OutputBuffer()
  const parts = Array.from({ length: 40 }, (_, index) => `${'é'.repeat(index * 500)}\n`)
  for (const part of parts) output.text(part)
  const buffers = output.take()
  assert.ok(buffers.length > 1)
  assert.equal(Buffer.concat(buffers).toString(), parts.join(''))
  // Each buffer can be decoded separately: it ends at the end of an appended text.
  for (const buffer of buffers) assert.equal(buffer.at(-1), '\n'.charCodeAt(0))
  assert.deepEqual(Buffer.concat(output.take()), Buffer.alloc(0))
  releaseBuffers(buffers)
})
