import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import zlib from 'node:zlib'
import { compress } from '../../src/server/compress.js'
import { CONTENT_ENCODINGS } from '../../src/server/content-encoding.js'

const NEVER = new AbortController().signal
/** Bytes that are compressed between two checks of the signal. */
const PIECE_BYTES = 2 ** 18

for (const encoding of CONTENT_ENCODINGS) {
  const decompress = encoding === 'gzip' ? zlib.gunzipSync : zstdDecompressSync

  test(`${encoding}: any buffers are decompressed to the same bytes`, async () => {
    const sizes = [0, 1, 100_000, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 7]
    const random = sizes.map((bytes) => randomBytes(bytes))
    for (const buffers of [[], [Buffer.alloc(0)], [Buffer.alloc(10 * PIECE_BYTES, 'a')], random]) {
      const compressed = Buffer.concat(await compress(buffers, encoding, NEVER))
      assert.ok(decompress(compressed).equals(Buffer.concat(buffers)))
    }
  })

  test(`${encoding}: an aborted signal ends the work before the next piece`, async () => {
    const controller = new AbortController()
    let read = 0
    function* buffers() {
      for (;;) {
        if (++read === 3) controller.abort()
        yield randomBytes(PIECE_BYTES)
      }
    }
    await assert.rejects(compress(buffers(), encoding, controller.signal), { name: 'AbortError' })
    assert.equal(read, 3)
    await assert.rejects(compress(buffers(), encoding, controller.signal), { name: 'AbortError' })
    assert.equal(read, 4)
  })
}

/** Missing in Node 20 and its types. */
function zstdDecompressSync(bytes: Uint8Array): Buffer {
  const { zstdDecompressSync } = zlib as unknown as Record<string, (bytes: Uint8Array) => Buffer>
  return zstdDecompressSync(bytes)
}
