import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MetricsHandlerSettings } from './metrics-handler-options.js'

/** Bytes of a request's body that are read and dropped; then the client is no longer listened to. */
const BODY_BYTES_MAX = 2 ** 24

/** Headers that forbid browsers to frame, sniff or cache a response, or to load content for it. */
const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const

/** What a response consists of. */
export interface ResponseParts {
  readonly status: number
  readonly contentType: string
  readonly buffers: readonly Uint8Array[]
}

/**
 * Send a response as fast as the client reads it, within the time limits. What the client still
 * sends as the body of its request is read and dropped, so that it does not lose the response.
 */
export async function sendResponse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, contentType, buffers }: ResponseParts,
  limits: MetricsHandlerSettings,
): Promise<void> {
  const { 'transfer-encoding': encoding, 'content-length': length = 0 } = request.headers
  const hasBody = encoding !== undefined || Number(length) > 0
  // To keep the connection, the server would have to read all of the body.
  if (hasBody) response.setHeader('Connection', 'close')
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    'Content-Type': contentType,
    'Content-Length': buffers.reduce((bytes, buffer) => bytes + buffer.length, 0),
  })
  const begin = () => {
    limitTime(request, response, limits)
    if (hasBody) dropBody(request)
  }
  if (isFirst(response)) begin()
  else response.once('socket', begin)
  if (request.method !== 'HEAD') {
    for (const buffer of buffers) {
      if (!response.write(buffer)) await drained(response)
      if (response.destroyed) return
    }
  }
  if (hasBody && !isFirst(response)) await once(response, 'socket')
  if (hasBody && !request.complete) {
    // Those of a response without content were not sent yet.
    response.flushHeaders()
    endConnection(request)
  } else response.end()
}

/** Whether a response was sent, or its connection closed: nothing of it follows, no event either. */
export function isOver(request: IncomingMessage, response: ServerResponse): boolean {
  return response.destroyed || request.socket.destroyed
}

/**
 * Call something once when a response was sent, or its connection closed. A response that waits
 * behind others of its connection has no connection yet and emits nothing; its request does.
 */
export function onceOver(
  request: IncomingMessage,
  response: ServerResponse,
  over: () => void,
): void {
  let isOver = false
  const end = () => {
    if (!isOver) over()
    isOver = true
  }
  response.once('close', end)
  request.once('close', () => {
    if (request.socket.destroyed) end()
  })
}

/** Whether all responses before this one were sent on its connection. */
function isFirst(response: ServerResponse): boolean {
  return response.socket !== null
}

/** Close the connection when a response makes no progress, or takes too long. */
function limitTime(
  { socket }: IncomingMessage,
  response: ServerResponse,
  { stallTimeoutMs, responseTimeoutMs }: MetricsHandlerSettings,
): void {
  const close = () => socket.destroy()
  const { timeout = 0 } = socket
  socket.setTimeout(stallTimeoutMs)
  response.on('timeout', close)
  // Before Node sets the time for which the connection is kept.
  response.prependOnceListener('finish', () => socket.setTimeout(timeout))
  const timer = setTimeout(close, responseTimeoutMs)
  response.once('close', () => clearTimeout(timer))
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
