import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/** What is listened for by whoever reads a body. */
const READING: readonly unknown[] = ['data', 'readable']

/**
 * Ask a client that sends `Expect: 100-continue` for the body when something begins to read it. Node
 * would ask at once, also for the body of a request that is refused.
 */
export function askWhenRead(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const ask = (event: unknown) => {
      if (!READING.includes(event)) return
      request.off('newListener', ask)
      // A body that is only dropped beside the response is not asked for.
      if (!response.headersSent) response.writeContinue()
    }
    request.on('newListener', ask)
    server.emit('request', request, response)
  })
}
