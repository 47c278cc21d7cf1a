import type { ServerResponse } from 'node:http'
import { piecesOf } from './pieces-of.js'

/** Bytes that are written at a time to a stream of HTTP/2, whose progress shows between two writes. */
const PIECE_BYTES = 2 ** 14

/** Whether a response is a stream of HTTP/2, which shares its connection with others. */
export function isHttp2({ req }: ServerResponse): boolean {
  return req.httpVersionMajor >= 2
}

/** What to write to a response: the buffers as they are or, for HTTP/2, small pieces of them. */
export function piecesFor(
  response: ServerResponse,
  buffers: Iterable<Uint8Array>,
): Iterable<Uint8Array> {
  return isHttp2(response) ? piecesOf(buffers, PIECE_BYTES) : buffers
}

/**
 * Close a stream of HTTP/2 when its client reads less than a piece for some time. Node's own time-out
 * of a stream does not do: it counts what is sent on any stream of the connection as progress.
 *
 * @returns ends the limit
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
