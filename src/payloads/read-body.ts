import type { IncomingMessage } from 'node:http'
import { types } from 'node:util'

/** A body, or the reason for its absence. */
export type Body =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  /** It is larger than the limit; some bytes were not read. */
  | { readonly kind: 'oversized' }
  /** It was not complete in time. */
  | { readonly kind: 'late' }
  /** The connection was lost. */
  | { readonly kind: 'gone' }
  /** Other code has read it, and did not store its bytes in `request.body`. */
  | { readonly kind: 'consumed' }

/**
 * Read the body of a request within limits. If a middleware has read it, `request.body` must
 * contain the bytes.
 */
export function readBody(
  request: IncomingMessage,
  { bytesMax, timeoutMs }: { readonly bytesMax: number; readonly timeoutMs: number },
): Promise<Body> | Body {
  // If other code has begun to read, the bytes that it got are missing here.
  if (request.readableEnded || request.readableDidRead) {
    const { body } = request as { readonly body?: unknown }
    return types.isUint8Array(body) ? { kind: 'whole', bytes: body } : { kind: 'consumed' }
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    const settle = (body: Body) => {
      clearTimeout(timer)
      request.off('data', take).off('end', end).off('close', close).pause()
      resolve(body)
    }
    const timer = setTimeout(settle, timeoutMs, { kind: 'late' })
    const take = (chunk: Buffer) => {
      length += chunk.length
      if (length > bytesMax) settle({ kind: 'oversized' })
      else chunks.push(chunk)
    }
    const end = () => settle({ kind: 'whole', bytes: Buffer.concat(chunks) })
    const close = () => settle({ kind: 'gone' })
    request.on('data', take).once('end', end).once('close', close)
  })
}
