import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isHttp2, piecesFor } from './http2-progress.js'
import { limitTime, type ResponseLimits } from './limit-time.js'
import { isFirst, whenFirst } from './response-order.js'
import { isOver } from './response-over.js'
import type { ResponseParts } from './response-parts.js'
import { writePiece } from './write-piece.js'

/** Bytes of a request's body that are read and dropped; then the client is no longer listened to. */
const BODY_BYTES_MAX = 2 ** 24

/**
 * Send a response as fast as the client reads it, within the time limits. What the client still
 * sends as the body of its request is read and dropped, so that it does not lose the response.
 */
export async function sendResponse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, vary, buffers }: ResponseParts,
  limits: ResponseLimits,
): Promise<void> {
  const { 'transfer-encoding': encoding, 'content-length': length = 0 } = request.headers
  const hasBody = encoding !== undefined || Number(length) > 0
  // To keep the connection, the server would have to read all of the body. A connection of HTTP/2 has
  // other requests, which go on whether the body of this one is read or not.
  const isLast = hasBody && !isHttp2(response)
  if (isLast) response.setHeader('Connection', 'close')
  // A middleware may have set some already.
  if (vary !== '') response.appendHeader('Vary', vary)
  response.writeHead(status, headers)
  whenFirst(response, () => {
    limitTime(request, response, limits)
    if (hasBody) dropBody(request)
  })
  if (request.method !== 'HEAD') {
    for (const piece of piecesFor(response, buffers)) {
      if (writePiece(response, piece)) await drained(response)
      if (isOver(request, response)) return
    }
  }
  if (isLast && !isFirst(response)) await once(response, 'socket')
  if (isLast && !request.complete) {
    // Where nothing was written, the headers were not sent yet.
    response.flushHeaders()
    endConnection(request)
  } else response.end()
}

/** Read a body and drop it, up to a limit; then nothing is read, which stalls the client. */
function dropBody(request: IncomingMessage): void {
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) request.pause()
  })
}

/**
 * Tell the client that nothing follows, and close the connection when its body has ended: closing
 * one with unread bytes makes the system discard those that it has not sent yet.
 */
function endConnection(request: IncomingMessage): void {
  const { socket } = request
  socket.end()
  request.once('end', () => socket.destroySoon())
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}
