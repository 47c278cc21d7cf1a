import type { IncomingMessage, ServerResponse } from 'node:http'

/** Whether a response was sent, or its connection closed; no event of it follows then. */
export function isOver(request: IncomingMessage, response: ServerResponse): boolean {
  return response.destroyed || request.socket.destroyed
}

/**
 * A signal that aborts when a response was sent, or its connection closed. A response that waits
 * for earlier ones of its connection has no socket and emits no events, so those of its request are
 * used, too.
 */
export function overSignal(request: IncomingMessage, response: ServerResponse): AbortSignal {
  const over = new AbortController()
  response.once('close', () => over.abort())
  request.once('close', () => {
    if (request.socket.destroyed) over.abort()
  })
  return over.signal
}
