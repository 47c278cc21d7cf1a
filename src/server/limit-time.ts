import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isHttp2, limitStreamStall } from './http2-progress.js'

/** The limits on the time that a response takes, in milliseconds. */
export interface ResponseLimits {
  /** Without progress. */
  readonly stallTimeoutMs: number
  /** In all. */
  readonly responseTimeoutMs: number
}

/**
 * Close the connection when a response makes no progress, or takes too long; of HTTP/2 only the stream
 * of the response.
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
  // A request that a test injects into an application has a socket without time-outs.
  socket.setTimeout?.(stallTimeoutMs)
  response.on('timeout', () => response.destroy())
  // Before Node sets the time for which the connection is kept.
  response.prependOnceListener('finish', () => socket.setTimeout?.(timeout))
}
