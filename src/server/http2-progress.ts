import type { ServerResponse } from 'node:http'
import { piecesOf } from './pieces-of.js'

/** Bytes per write to a stream of HTTP/2. Progress is measured between two writes. */
const PIECE_BYTES = 2 ** 14

/** Whether a response is a stream of HTTP/2, which shares its connection with others. */
export function isHttp2({ req }: ServerResponse): boolean {
  return req.httpVersionMajor >= 2
}

/** The pieces to write to a response: whole buffers or, for HTTP/2, small pieces of them. */
export function piecesFor(
  response: ServerResponse,
  buffers: Iterable<Uint8Array>,
): Iterable<Uint8Array> {
  return isHttp2(response) ? piecesOf(buffers, PIECE_BYTES) : buffers
}

/**
 * Close a stream of HTTP/2 when its client reads less than a piece within the time-out. Node's
 * time-out of a stream is not sufficient: it counts bytes sent on any stream of the connection as
 * progress.
 *
 * @returns a function that removes the limit
 */
export function limitStreamStall(response: ServerResponse, stallTimeoutMs: number): () => void {
  const timer = setTimeout(() => response.destroy(), stallTimeoutMs)
  const refresh = () => timer.refresh()
  response.on('drain', refresh)
  return () => {
    clearTimeout(timer)
    response.off('drain', refresh)
  }
}
