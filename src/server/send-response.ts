import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isHttp2, piecesFor } from './http2-progress.js'
import { limitTime, type ResponseLimits } from './limit-time.js'
import { isFirst, whenFirst } from './response-order.js'
import { isOver } from './response-over.js'
import type { ResponseParts } from './response-parts.js'
import { writePiece } from './write-piece.js'

/** Maximum bytes of a request's body that are read and discarded. */
const BODY_BYTES_MAX = 2 ** 24

/**
 * Send a response as fast as the client reads it, within the time limits. Meanwhile, the body of
 * the request is read and discarded; otherwise the client could lose the response.
 */
export async function sendResponse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, vary, buffers }: ResponseParts,
  limits: ResponseLimits,
): Promise<void> {
  const { 'transfer-encoding': encoding, 'content-length': length = 0 } = request.headers
  const hasBody = encoding !== undefined || Number(length) > 0
  // To keep the connection, the server would have to read the whole body. On a connection of
  // HTTP/2, other requests do not depend on the body of this one.
  const isLast = hasBody && !isHttp2(response)
  if (isLast) response.setHeader('Connection', 'close')
  // A middleware may have set `Vary`.
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
  if (isLast && !request.complete && isConnection(request.socket)) {
    // Without a body, the headers were not sent yet.
    response.flushHeaders()
    endConnection(request)
  } else response.end()
}

/** Read and discard a body, up to a limit. Beyond it, nothing is read, which stalls the client. */
function dropBody(request: IncomingMessage): void {
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) request.pause()
  })
}

/**
 * Half-close the connection, and close it when the request's body has ended: if a connection with
 * unread bytes is closed, the system discards bytes that are not sent yet.
 */
function endConnection(request: IncomingMessage): void {
  const { socket } = request
  socket.end()
  request.once('end', () => socket.destroySoon())
}

/** Whether a socket can be ended. The socket of a request that `inject` of Fastify simulates cannot. */
function isConnection(socket: Partial<Socket>): boolean {
  return socket.end !== undefined && socket.destroySoon !== undefined
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
