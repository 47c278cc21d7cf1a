import { once } from 'node:events'
import type { Transform } from 'node:stream'
import { type ContentEncoding, createCompressor } from './content-encoding.js'
import { piecesOf } from './pieces-of.js'

/** Bytes that are compressed at a time: between two pieces the work can end. */
const PIECE_BYTES = 2 ** 18

/**
 * Compress buffers on a thread of libuv's pool. After it ended, in whatever way, nothing reads the
 * buffers anymore.
 *
 * @param signal ends the work before the next piece
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
  // A failure while a write is awaited would be an unhandled rejection of this promise.
  ended.catch(() => {})
  try {
    for (const piece of piecesOf(buffers, PIECE_BYTES)) {
      signal.throwIfAborted()
      // The callback of a write that fails may never be called; the failure rejects `ended`.
      await Promise.race([written(compressor, piece), ended])
    }
    compressor.end()
    await ended
    return compressed
  } finally {
    compressor.destroy()
  }
}

/** Write a piece; ends when the stream has read all of it. */
function written(stream: Transform, piece: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    stream.write(piece, () => resolve())
  })
}
