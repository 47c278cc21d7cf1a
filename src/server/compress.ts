import { once } from 'node:events'
import type { Transform } from 'node:stream'
import { type ContentEncoding, createCompressor } from './content-encoding.js'

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
  // A failure while nothing waits for the end is not unhandled.
  ended.catch(() => {})
  try {
    for (const piece of piecesOf(buffers)) {
      signal.throwIfAborted()
      // A write that fails has no end of its own.
      await Promise.race([written(compressor, piece), ended])
    }
    compressor.end()
    await ended
    return compressed
  } finally {
    compressor.destroy()
  }
}

function* piecesOf(buffers: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const buffer of buffers) {
    for (let at = 0; at < buffer.length; at += PIECE_BYTES) {
      yield buffer.subarray(at, at + PIECE_BYTES)
    }
  }
}

/** Write a piece; ends when the stream has read all of it. */
function written(stream: Transform, piece: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    stream.write(piece, () => resolve())
  })
}
