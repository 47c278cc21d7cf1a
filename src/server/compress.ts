import { once } from 'node:events'
import type { Transform } from 'node:stream'
import { type ContentEncoding, createCompressor } from './content-encoding.js'
import { piecesOf } from './pieces-of.js'

/** Bytes that are compressed at a time. The work can be aborted between two pieces. */
const PIECE_BYTES = 2 ** 18

/**
 * Compress buffers on a thread of libuv's pool. Nothing reads the buffers after the promise has
 * settled.
 *
 * @param signal aborts the work before the next piece
 * @throws the reason of the signal
 */
export async function compress(
  buffers: Iterable<Uint8Array>,
  encoding: ContentEncoding,
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  const compressed: Uint8Array[] = []
  const compressor = createCompressor(encoding)
  compressor.on('data', (bytes: Uint8Array) => compressed.push(bytes))
  const ended = once(compressor, 'end')
  // Without a handler, a failure during a write would be an unhandled rejection.
  ended.catch(() => {})
  try {
    for (const piece of piecesOf(buffers, PIECE_BYTES)) {
      signal.throwIfAborted()
      // After a failure, the callback of the write may never be called; `ended` rejects instead.
      await Promise.race([written(compressor, piece), ended])
    }
    compressor.end()
    await ended
    return compressed
  } finally {
    compressor.destroy()
  }
}

/** Write a piece; resolves when the stream has read all of it. */
function written(stream: Transform, piece: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    stream.write(piece, () => resolve())
  })
}
