import type { IncomingMessage, ServerResponse } from 'node:http'

/** The limits on the time that a response takes, in milliseconds. */
export interface ResponseLimits {
  /** Without progress. */
  readonly stallTimeoutMs: number
  /** In all. */
  readonly responseTimeoutMs: number
}

/** Close the connection when a response makes no progress, or takes too long. */
export function limitTime(
  { socket }: IncomingMessage,
  response: ServerResponse,
  { stallTimeoutMs, responseTimeoutMs }: ResponseLimits,
): void {
  const close = () => response.destroy()
  const { timeout = 0 } = socket
  // A request that a test injects into an application has a socket without time-outs.
  socket.setTimeout?.(stallTimeoutMs)
  response.on('timeout', close)
  // Before Node sets the time for which the connection is kept.
  response.prependOnceListener('finish', () => socket.setTimeout?.(timeout))
  const timer = setTimeout(close, responseTimeoutMs)
  response.once('close', () => clearTimeout(timer))
}
