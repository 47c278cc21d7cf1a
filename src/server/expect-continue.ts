import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/** Events whose listeners read a body. */
const READING: readonly unknown[] = ['data', 'readable']

/**
 * Send `100 Continue` to a client that sends `Expect: 100-continue` only when code begins to read
 * the body. Node would send it immediately, even if the request is refused.
 */
export function askWhenRead(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const ask = (event: unknown) => {
      if (!READING.includes(event)) return
      request.off('newListener', ask)
      // After the headers of the response, the body is only discarded, so it is not requested.
      if (!response.headersSent) response.writeContinue()
    }
    request.on('newListener', ask)
    server.emit('request', request, response)
  })
}
