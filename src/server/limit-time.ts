import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isHttp2, limitStreamStall } from './http2-progress.js'

/** The limits on the time that a response takes, in milliseconds. */
export interface ResponseLimits {
  /** Maximum time without progress. */
  readonly stallTimeoutMs: number
  /** Maximum total time. */
  readonly responseTimeoutMs: number
}

/**
 * Close the connection of a response that makes no progress or takes too long; for HTTP/2, only its
 * stream.
 */
export function limitTime(
  { socket }: IncomingMessage,
  response: ServerResponse,
  { stallTimeoutMs, responseTimeoutMs }: ResponseLimits,
): void {
  if (isHttp2(response)) response.once('close', limitStreamStall(response, stallTimeoutMs))
  else limitStall(socket, response, stallTimeoutMs)
  const timer = setTimeout(() => response.destroy(), responseTimeoutMs)
  response.once('close', () => clearTimeout(timer))
}

function limitStall(socket: Socket, response: ServerResponse, stallTimeoutMs: number): void {
  const { timeout = 0 } = socket
  // The socket of a request that a test framework injects has no time-outs.
  socket.setTimeout?.(stallTimeoutMs)
  response.on('timeout', () => response.destroy())
  // Prepended, because Node's listener sets the keep-alive time-out of the connection.
  response.prependOnceListener('finish', () => socket.setTimeout?.(timeout))
}
